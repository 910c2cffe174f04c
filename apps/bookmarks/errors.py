"""What can be wrong with a bookmark."""

from storychain.errors import NotFound


class BookmarkNotFound(NotFound):
    """The caller has no bookmark at this chapter."""

    code, title = "bookmark-not-found", "There is no such bookmark"
