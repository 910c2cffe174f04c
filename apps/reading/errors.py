"""What can be wrong with what somebody has read."""

from storychain.errors import NotFound


class HistoryNotFound(NotFound):
    """The caller has read nothing of this story."""

    code, title = "reading-history-not-found", "You have read nothing of this story"
