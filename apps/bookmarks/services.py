"""Writes on bookmarks and their rules: whoever sees a chapter may keep a place in it."""

from datetime import datetime

from apps.access.rules import Action
from apps.bookmarks.documents import Bookmark
from apps.bookmarks.errors import BookmarkNotFound
from apps.chapters.errors import ChapterNotFound
from apps.chapters.growing import find_seen
from apps.chapters.limits import READABLE
from apps.stories.services import open_for
from storychain.documents import unit_of_work


@unit_of_work
def put_bookmark(
    *, user_id: str, story_slug: str, chapter_slug: str, shelf: str, note: str, now: datetime
) -> None:
    """Put a chapter on somebody's shelf, or move it there from another.

    Raise StoryNotFound or ChapterNotFound for what he does not see.
    """
    held = open_for(Action.READ, slug=story_slug, caller_id=user_id)
    if find_seen(held, slug=chapter_slug).status not in READABLE:
        raise ChapterNotFound  # his own draft, which is no place to read on from
    place = {"user_id": user_id, "story_slug": story_slug, "chapter_slug": chapter_slug}
    kept = Bookmark.find(**place) or Bookmark.begin(**place, now=now)
    kept.put(shelf=shelf, note=note, now=now)


@unit_of_work
def take_bookmark(*, user_id: str, story_slug: str, chapter_slug: str) -> None:
    """Take a bookmark of somebody's away, also from what he may no longer read.

    Raise BookmarkNotFound if he has none there.
    """
    kept = Bookmark.find(user_id=user_id, story_slug=story_slug, chapter_slug=chapter_slug)
    if kept is None:
        raise BookmarkNotFound
    kept.delete()
