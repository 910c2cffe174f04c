"""Lists of stories: what is public, newest or liveliest first, one signed cursor a page."""

from typing import Any, Literal

import msgspec

from apps.stories import keys
from apps.stories.documents import Story, fold, label
from apps.stories.invalidation import LISTS, TRENDING, story_tag, tree_tag, user_stories_tag
from apps.stories.pages import StoryListPage
from apps.stories.shapes import card
from apps.users.invalidation import user_tag
from apps.users.queries import check_user, list_authors, refuse_impossible
from storychain.api.keyset import read_latest
from storychain.api.pagination import decode_cursor
from storychain.cache.region import Cached, Region, depends_on

PUBLISHED = Region(
    "story.list",
    ttl="STORY_LIST_PUBLISHED",
    type=StoryListPage,
    finds=("user",),
    reads=("stories", "users"),
)
NEW = Region(
    "story.new",
    ttl="STORY_LIST_NEW",
    type=StoryListPage,
    finds=("user",),
    reads=("stories", "users"),
)
FEATURED = Region(
    "story.featured",
    ttl="STORY_LIST_FEATURED",
    type=StoryListPage,
    finds=("user",),
    reads=("stories", "users"),
)
TRENDING_PAGES = Region(
    "story.trending",
    ttl="STORY_LIST_TRENDING",
    type=StoryListPage,
    finds=("user", "story", "tree"),
    reads=("stories", "users"),
)
BY_USER = Region(
    "user.stories",
    ttl="USER_STORIES",
    type=StoryListPage,
    finds=("user",),
    reads=("stories", "users"),
)
ORDERS = {"newest": "published_at", "active": "last_activity_at"}


class StoryFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which stories a list shows, and in which order."""

    genre: str | None = None
    tag: str | None = None
    exclude: str | None = None
    rating: str | None = None
    sort: Literal["newest", "active"] = "newest"

    def folded(self) -> "StoryFilter":
        """Return the same choice in the one spelling of all that find the same stories."""
        texts = {"genre": self.genre, "tag": self.tag, "exclude": self.exclude}
        return msgspec.structs.replace(self, **{k: v and fold(v) for k, v in texts.items()})

    def labels(self) -> dict[str, list[str]]:
        """Return the labels that a story must have, and must not have, as a MongoDB condition."""
        wanted = {"genre": self.genre, "tag": self.tag, "rating": self.rating}
        must = [label(kind, value) for kind, value in wanted.items() if value]
        must_not = [label("tag", self.exclude)] if self.exclude else []
        return {k: v for k, v in (("$all", must), ("$nin", must_not)) if v}


def list_stories(*, chosen: StoryFilter, limit: int, cursor: str | None) -> Cached[StoryListPage]:
    """Return one page of the public stories; raise Invalid on a cursor of another list."""
    chosen = chosen.folded()
    shape = msgspec.structs.asdict(chosen)
    scope = keys.story_list("published", **shape)
    after = decode_cursor(scope, cursor)
    return PUBLISHED.get_or_load(
        keys.story_list("published", **shape, limit=limit, after=after),
        tags=[LISTS],
        load=lambda: _load_page(_public(chosen), ORDERS[chosen.sort], scope, limit, after),
    )


def list_new(*, limit: int, cursor: str | None) -> Cached[StoryListPage]:
    """Return one page of the newest public stories."""
    scope = keys.story_list("new")
    after = decode_cursor(scope, cursor)
    return NEW.get_or_load(
        keys.story_list("new", limit=limit, after=after),
        tags=[LISTS],
        load=lambda: _load_page(_public(StoryFilter()), "published_at", scope, limit, after),
    )


def list_featured(*, limit: int, cursor: str | None) -> Cached[StoryListPage]:
    """Return one page of the public stories that those who run the platform chose, newest first."""
    scope = keys.story_list("featured")
    after = decode_cursor(scope, cursor)
    chosen = {"is_listed": True, "is_featured": True}
    return FEATURED.get_or_load(
        keys.story_list("featured", limit=limit, after=after),
        tags=[LISTS],
        load=lambda: _load_page(chosen, "published_at", scope, limit, after),
    )


def list_trending(*, limit: int, cursor: str | None) -> Cached[StoryListPage]:
    """Return one page of the public stories, the highest trending score first.

    It depends on the stories that it shows and on the scores, not on every list: a new chapter
    elsewhere leaves it as it is.
    """
    scope = keys.story_list("trending")
    after = decode_cursor(scope, cursor)
    return TRENDING_PAGES.get_or_load(
        keys.story_list("trending", limit=limit, after=after),
        tags=[TRENDING],
        load=lambda: _load_trending(scope, limit, after),
    )


def list_user_stories(*, user_id: str, limit: int, cursor: str | None) -> Cached[StoryListPage]:
    """Return one page of the public stories that a person started, newest first.

    Raise UserNotFound if nobody has this id.
    """
    refuse_impossible(user_id)
    scope = keys.user_stories(user_id)
    after = decode_cursor(scope, cursor)

    def load() -> StoryListPage:
        check_user(user_id=user_id)
        mine = {"creator_id": user_id, "is_listed": True}
        return _load_page(mine, "created_at", scope, limit, after)

    return BY_USER.get_or_load(
        keys.user_stories(user_id, limit=limit, after=after),
        tags=[user_stories_tag(user_id), user_tag(user_id)],
        load=load,
    )


def _public(chosen: StoryFilter) -> dict[str, Any]:
    labels = chosen.labels()
    return {"is_listed": True, **({"labels": labels} if labels else {})}


def _load_trending(scope: str, limit: int, after: list[Any] | None) -> StoryListPage:
    page = _load_page({"is_listed": True}, "trending_score", scope, limit, after)
    for shown in page.items:
        depends_on(story_tag(shown.slug), tree_tag(shown.slug))
    return page


def _load_page(
    found: dict[str, Any], order: str, scope: str, limit: int, after: list[Any] | None
) -> StoryListPage:
    page = read_latest(
        Story.objects(__raw__=found), order=order, limit=limit, scope=scope, after=after
    )
    authors = list_authors(story.creator_id for story in page.rows)
    return StoryListPage(
        items=[card(story, authors[story.creator_id]) for story in page.rows],
        next_cursor=page.next_cursor,
        has_more=page.has_more,
    )
