"""Pages of results. The index says what may be a find; MongoDB, whether it is, and what is shown.

So nobody is shown what he may not read, or a text that is no more, whatever the index still holds.
A page depends on all that it shows and on the index; what was written a moment ago may be missing.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

from apps.access.documents import StoryBan
from apps.access.queries import NOBODY, list_standings
from apps.access.rules import LOOKS_AFTER_ALL, Action, may
from apps.chapters.documents import Chapter
from apps.chapters.invalidation import chapter_tag
from apps.search import keys
from apps.search.excerpts import Asked, cut, mark
from apps.search.finding import Choice, Find, Finder, Reach
from apps.search.invalidation import SEARCH
from apps.search.limits import MOST_STORIES
from apps.search.pages import Hit, SearchPage
from apps.search.sources import find_tags
from apps.stories.documents import Story
from apps.stories.facts import facts_of
from apps.stories.invalidation import story_tag
from apps.stories.pages import StoryRef
from apps.users.documents import User
from apps.users.invalidation import profile_tag, user_tag
from apps.users.pages import AuthorRef
from apps.users.queries import find_platform_role, list_authors
from storychain.api.keyset import Slice, cut_page
from storychain.api.pagination import decode_cursor, encode_cursor
from storychain.cache.region import Cached, Region, depends_on

RESULTS = Region(
    "search.results",
    ttl="SEARCH_RESULTS",
    type=SearchPage,
    finds=("user", "profile", "story", "chapter", "standing", "platform-role"),
    reads=("stories", "chapters", "users", "collaborators", "story_bans", "platform_roles"),
)
EVERYBODY = Reach()
STEP, MOST_STEPS = 50, 10  # finds that are read at once, and how often for one page


class Found(NamedTuple):
    """A page of results, and whether it is the same for everybody."""

    page: Cached[SearchPage]
    is_public: bool


def search(*, choice: Choice, user_id: str | None, limit: int, cursor: str | None) -> Found:
    """Return one page of what somebody finds; raise Invalid on a cursor of another search."""
    choice, reach = choice.folded(), _reach_of(user_id)
    is_public = reach == EVERYBODY
    shape = {name: getattr(choice, name) for name in choice.__struct_fields__}
    shape |= {} if is_public else {"reader": user_id, "reach": reach}
    scope = keys.search_results(**{**shape, "reach": None})
    after = decode_cursor(scope, cursor)
    page = RESULTS.get_or_load(
        keys.search_results(**shape, limit=limit, after=after),
        tags=[SEARCH],
        load=lambda: _load(
            Finder(choice, reach), None if is_public else user_id, scope, limit, after
        ),
    )
    return Found(page, is_public)


def _reach_of(user_id: str | None) -> Reach:
    if user_id is None:
        return EVERYBODY
    bans = StoryBan.objects(user_id=user_id).only("story_slug")
    sees_all = find_platform_role(user_id=user_id) in LOOKS_AFTER_ALL
    mine = Story.objects(team=user_id, is_listed=False).order_by("-last_activity_at", "-slug")
    return Reach(
        sees_all,
        stories=tuple(sorted(story.slug for story in mine.only("slug").limit(MOST_STORIES))),
        banned=tuple(sorted(ban.story_slug for ban in bans)),
    )


def _load(
    finder: Finder, user_id: str | None, scope: str, limit: int, after: list[Any] | None
) -> SearchPage:
    page = _read_page(finder.walk((after[0], after[1]) if after else None), user_id, scope, limit)
    return SearchPage(
        items=_show(page.rows, finder), next_cursor=page.next_cursor, has_more=page.has_more
    )


def _read_page(
    walk: Iterator[Find], user_id: str | None, scope: str, limit: int
) -> Slice[tuple[Find, Any]]:
    """Read finds until there are enough; a page is short where very many may not be shown.

    So it is for a moment when a long story has been closed: its chapters are still in the index.
    """
    rows: list[tuple[Find, Any]] = []
    for size in (limit + 1, *[STEP] * MOST_STEPS):
        some = list(islice(walk, size))
        rows += _read(some, user_id)
        if len(rows) > limit or len(some) < size:
            return cut_page(rows, limit=limit, scope=scope, place=lambda row: _place(row[0]))
    return Slice(rows, encode_cursor(scope, _place(some[-1])), has_more=True)


def _place(find: Find) -> list[Any]:
    return [find.step, find.number]


def _read(finds: Sequence[Find], user_id: str | None) -> list[tuple[Find, Any]]:
    """Return the finds that this reader may be shown, each with what MongoDB has of it."""
    named = {kind: [f.thing.key for f in finds if f.thing.kind == kind] for kind in SHOW}
    chapters = _read_chapters(named["chapter"])
    stories = _read_stories([*named["story"], *(c.story_slug for c in chapters.values())], user_id)
    read = {
        "story": stories,
        "chapter": {
            slug: (chapter, stories[chapter.story_slug])
            for slug, chapter in chapters.items()
            if chapter.story_slug in stories
        },
        "user": _read_users(named["user"]),
        "tag": find_tags(named["tag"]),
    }
    return [
        (find, read[find.thing.kind][find.thing.key])
        for find in finds
        if find.thing.key in read[find.thing.kind]
    ]


def _read_stories(slugs: Iterable[str], user_id: str | None) -> dict[str, Story]:
    wanted = sorted(set(slugs))
    depends_on(*map(story_tag, wanted))
    if not wanted:
        return {}
    standings = list_standings(story_slugs=wanted, user_id=user_id) if user_id else {}
    return {
        story.slug: story
        for story in Story.objects(slug__in=wanted)
        if may(Action.READ, standing=standings.get(story.slug, NOBODY), facts=facts_of(story))
    }


def _read_chapters(slugs: Sequence[str]) -> dict[str, Chapter]:
    depends_on(*map(chapter_tag, slugs))
    if not slugs:
        return {}
    rows = Chapter.objects(slug__in=slugs, status="published")
    return {c.slug: c for c in rows.only("slug", "story_slug", "author_id", "title", "content")}


def _read_users(ids: Sequence[str]) -> dict[str, User]:
    depends_on(*map(user_tag, ids), *map(profile_tag, ids))
    if not ids:
        return {}
    rows = User.objects(clerk_id__in=ids, is_active=True)
    return {u.clerk_id: u for u in rows.only("clerk_id", "username", "bio")}


def _show(rows: Sequence[tuple[Find, Any]], finder: Finder) -> list[Hit]:
    people = list_authors(_author_of(find, found) for find, found in rows if _is_work(find))
    return [
        SHOW[find.thing.kind](find.thing.key, found, finder.asked(find.step), people)
        for find, found in rows
    ]


def _is_work(find: Find) -> bool:
    return find.thing.kind in ("story", "chapter")


def _author_of(find: Find, found: Any) -> str:
    return found.creator_id if find.thing.kind == "story" else found[0].author_id


def _show_story(key: str, story: Story, asked: Asked, people: dict[str, AuthorRef]) -> Hit:
    return Hit(
        type="story",
        key=key,
        title=mark(story.title, asked),
        excerpt=cut(story.description, asked),
        author=people[story.creator_id],
    )


def _show_chapter(
    key: str, found: tuple[Chapter, Story], asked: Asked, people: dict[str, AuthorRef]
) -> Hit:
    chapter, story = found
    return Hit(
        type="chapter",
        key=key,
        title=mark(chapter.title, asked),
        excerpt=cut(chapter.content, asked),
        author=people[chapter.author_id],
        story=StoryRef(story.slug, story.title, story.cover_image),
    )


def _show_user(key: str, user: User, asked: Asked, _people: dict[str, AuthorRef]) -> Hit:
    return Hit(type="user", key=key, title=mark(user.username, asked), excerpt=cut(user.bio, asked))


def _show_tag(key: str, name: str, asked: Asked, _people: dict[str, AuthorRef]) -> Hit:
    return Hit(type="tag", key=key, title=mark(name, asked))


SHOW: dict[str, Callable[..., Hit]] = {
    "story": _show_story,
    "chapter": _show_chapter,
    "user": _show_user,
    "tag": _show_tag,
}
