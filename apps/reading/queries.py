"""What a story is to one reader, always from the database."""

import msgspec

from apps.autosaves.queries import list_autosaves
from apps.bookmarks.queries import list_bookmarks
from apps.chapters.documents import Chapter
from apps.collaboration.queries import get_my_role
from apps.follows.queries import is_following
from apps.pulls.queries import list_undecided
from apps.reading.history import get_progress
from apps.reading.pages import OverlayPage, WaitingChapter
from apps.votes.queries import list_votes

MOST = 20


def get_overlay(*, slug: str, user_id: str) -> OverlayPage:
    """Return a story's private side for one reader; raise StoryNotFound."""
    role = get_my_role(slug=slug, user_id=user_id).value
    drafts = list_autosaves(user_id=user_id, story_slug=slug, limit=MOST, cursor=None)
    marks = list_bookmarks(user_id=user_id, story_slug=slug, limit=MOST, cursor=None)
    return OverlayPage(
        **msgspec.structs.asdict(role),
        waiting=_list_waiting(slug, user_id),
        autosaves=drafts.items,
        bookmarks=marks.items,
        is_following=is_following(user_id=user_id, story_slug=slug),
        progress=get_progress(user_id=user_id, story_slug=slug),
        pulls=list_undecided(story_slug=slug, user_id=user_id, limit=MOST),
        votes=list_votes(story_slug=slug, user_id=user_id),
    )


def _list_waiting(story_slug: str, user_id: str) -> list[WaitingChapter]:
    mine = Chapter.objects(story_slug=story_slug, author_id=user_id, status="draft")
    newest = mine.exclude("content").order_by("-updated_at").limit(MOST)
    return [msgspec.convert(chapter, WaitingChapter, from_attributes=True) for chapter in newest]
