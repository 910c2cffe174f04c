"""What goes of bookmarks with the person whose they are."""

from apps.bookmarks.documents import Bookmark
from apps.users.departures import STEP, departs
from storychain.documents import unit_of_work


@departs
@unit_of_work
def forget_bookmarks(user_id: str) -> int:
    """Delete what he had put on his shelves."""
    return int(Bookmark.objects(user_id=user_id).at_most(STEP).delete())
