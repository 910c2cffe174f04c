"""What somebody works on: his own stories and those whose team he is in, for him alone."""

from collections.abc import Sequence
from typing import Any

from apps.access.documents import Collaborator
from apps.stories import keys
from apps.stories.documents import Story
from apps.stories.invalidation import user_stories_tag
from apps.stories.pages import MyStoriesPage
from apps.stories.shapes import my_card
from apps.users.queries import list_authors
from storychain.api.keyset import read_latest
from storychain.api.pagination import decode_cursor
from storychain.cache.region import Cached, Region

READS = ("stories", "collaborators", "users")
MINE = Region(
    "user.my-stories", ttl="USER_STORIES", type=MyStoriesPage, finds=("user",), reads=READS
)
DRAFTS = Region("user.drafts", ttl="USER_DRAFTS", type=MyStoriesPage, finds=("user",), reads=READS)


def list_my_stories(
    *, user_id: str, status: str | None, limit: int, cursor: str | None
) -> Cached[MyStoriesPage]:
    """Return one page of the stories that somebody works on, on demand of one status.

    The one where something happened last is the first.
    """
    shape = {"status": status}
    scope = keys.my_stories(user_id, **shape)
    after = decode_cursor(scope, cursor)
    found = {"team": user_id} | ({"status": status} if status else {})
    return MINE.get_or_load(
        keys.my_stories(user_id, **shape, limit=limit, after=after),
        tags=[user_stories_tag(user_id)],
        load=lambda: _load(found, user_id=user_id, limit=limit, scope=scope, after=after),
    )


def list_my_drafts(*, user_id: str, limit: int, cursor: str | None) -> Cached[MyStoriesPage]:
    """Return one page of the drafts that somebody works on, in the same order."""
    scope = keys.my_drafts(user_id)
    after = decode_cursor(scope, cursor)
    found = {"team": user_id, "status": "draft"}
    return DRAFTS.get_or_load(
        keys.my_drafts(user_id, limit=limit, after=after),
        tags=[user_stories_tag(user_id)],
        load=lambda: _load(found, user_id=user_id, limit=limit, scope=scope, after=after),
    )


def _load(
    found: dict[str, Any], *, user_id: str, limit: int, scope: str, after: list[Any] | None
) -> MyStoriesPage:
    page = read_latest(
        Story.objects(**found), order="last_activity_at", limit=limit, scope=scope, after=after
    )
    authors = list_authors(story.creator_id for story in page.rows)
    roles = _roles(user_id, page.rows)
    return MyStoriesPage(
        items=[
            my_card(story, authors[story.creator_id], role=roles[story.slug])
            for story in page.rows
            if story.slug in roles  # the list finds, the rows of the team decide
        ],
        next_cursor=page.next_cursor,
        has_more=page.has_more,
    )


def _roles(user_id: str, stories: Sequence[Story]) -> dict[str, str]:
    slugs = [story.slug for story in stories]
    rows = Collaborator.objects(user_id=user_id, status="accepted", story_slug__in=slugs)
    return {row.story_slug: row.role for row in rows}
