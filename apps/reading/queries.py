"""What a story is to one reader, always from the database."""

from collections.abc import Sequence
from typing import Any

import msgspec

from apps.autosaves.queries import list_autosaves
from apps.bookmarks.queries import list_bookmarks, list_bookmarks_at
from apps.chapters.documents import Chapter
from apps.collaboration.queries import get_my_role
from apps.follows.queries import is_following
from apps.pulls.queries import list_undecided
from apps.reading.history import get_progress
from apps.reading.pages import OverlayPage, WaitingChapter
from apps.votes.queries import list_votes, list_votes_on

MOST = 20


def get_overlay(
    *,
    slug: str,
    user_id: str,
    chapters: Sequence[str] | None = None,
    comments: Sequence[str] | None = None,
) -> OverlayPage:
    """Return a story's private side for one reader; raise StoryNotFound.

    With `chapters` or `comments`, up to MOST_NAMED each, all his votes and bookmarks at these.
    """
    role = get_my_role(slug=slug, user_id=user_id).value
    drafts = list_autosaves(user_id=user_id, story_slug=slug, limit=MOST, cursor=None)
    return OverlayPage(
        **msgspec.structs.asdict(role),
        waiting=_list_waiting(slug, user_id),
        autosaves=drafts.items,
        is_following=is_following(user_id=user_id, story_slug=slug),
        progress=get_progress(user_id=user_id, story_slug=slug),
        pulls=list_undecided(story_slug=slug, user_id=user_id, limit=MOST),
        **_show_bookmarks(slug, user_id, chapters),
        **_show_votes(slug, user_id, chapters, comments),
    )


def _show_bookmarks(slug: str, user_id: str, chapters: Sequence[str] | None) -> dict[str, Any]:
    his = {"user_id": user_id, "story_slug": slug}
    if chapters is not None:
        found = list_bookmarks_at(**his, chapter_slugs=chapters)
        return {"bookmarks": found, "has_more_bookmarks": False}
    newest = list_bookmarks(**his, limit=MOST, cursor=None)
    return {"bookmarks": newest.items, "has_more_bookmarks": newest.has_more}


def _show_votes(
    slug: str, user_id: str, chapters: Sequence[str] | None, comments: Sequence[str] | None
) -> dict[str, Any]:
    his = {"user_id": user_id, "story_slug": slug}
    if chapters is None and comments is None:
        newest, has_more = list_votes(**his)
        return {"votes": newest, "has_more_votes": has_more}
    named = list_votes_on(**his, chapters=chapters or (), comments=comments or ())
    return {"votes": named, "has_more_votes": False}


def _list_waiting(story_slug: str, user_id: str) -> list[WaitingChapter]:
    mine = Chapter.objects(story_slug=story_slug, author_id=user_id, status="draft")
    newest = mine.exclude("content").order_by("-updated_at").limit(MOST)
    return [msgspec.convert(chapter, WaitingChapter, from_attributes=True) for chapter in newest]
