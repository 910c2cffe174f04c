"""The map of cacheable routes holds: how each is cached, for whom, and none is forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from inspect import signature
from typing import Any
from urllib.parse import parse_qsl
from uuid import uuid4

import pytest
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from pymongo.collection import Collection

from apps.notifications.documents import Notification
from apps.pulls.services import open_pull
from apps.reading.services import beat
from apps.search.services import rebuild
from apps.stories.services import feature_story
from config.urls import API_CACHE_MAP
from storychain import redis
from storychain.cache.inspecting import inspect_entry
from storychain.cache.region import Region
from storychain.cache.ttl import JITTER, TTL
from tests.factories import (
    API,
    PARAGRAPH,
    Caller,
    published_story,
    sign_in,
    start_story,
    write_root,
)
from tests.routes import patterns

# The caller's own, or files; a new route belongs here or into its feature's CACHE_MAP.
UNCACHED = {
    "schema",
    "docs",
    "redoc",
    "me",
    "story-timeline",
    "story-waiting",
    "story-me",
    "story-history",
    "autosaves",
    "autosave-detail",
    "bookmarks",
    "followed-stories",
    "story-followers",
    "user-followers",
    "user-following",
    "sessions",
    "exports",
    "export-detail",
    "export-file",
    "invitations",
    "story-invitations",
    "emails-unsubscribe",
    "pulls-mine",
    "pull-reviews",
    "pull-comments",
    "pull-vote",
    "pull-timeline",
    "report-detail",
    "story-reports",
    "story-acts",
    "story-bans",
    "story-appeals",
    "appeals",
    "appeal-detail",
    "moderation-reports",
    "moderation-appeals",
    "moderation-acts",
    "moderation-bans",
    "moderation-roles",
}
READ = {"limit": 20}  # what a list's query is read to when it is empty
SHAPES = {
    "story-analytics": {"days": 30},
    "stories": {**READ, "sort": "newest"},
    "notifications": {**READ, "unread": False},
    "story-pulls": {**READ, "drafts": False},
}
# Whoever works on what is not public finds that as well, on a page of his own.
ASKED = {"search": "?q=the"}
ROUTES = sorted(API_CACHE_MAP)
PUBLIC = [name for name in ROUTES if API_CACHE_MAP[name].audience != "private"]
READERS = [name for name in ROUTES if API_CACHE_MAP[name].audience == "reader"]


@dataclass
class House:
    """A published story and its author, and how to come to each route about them."""

    author: Caller
    story: str
    chapter: str

    @cached_property
    def pull(self) -> str:
        """A pull request of the author's own."""
        return open_pull(
            story_slug=self.story,
            author_id=str(self.author.user_id),
            now=timezone.now(),
            kind="new_branch",
            parent_slug=self.chapter,
            title="The cellar",
            content=PARAGRAPH,
        )

    def names(self, route: str) -> dict[str, str]:
        known = {
            "slug": self.story,
            "chapter_slug": self.chapter,
            "user_id": str(self.author.user_id),
            "version": 1,
        }
        if route in ("story-pulls", "pull-detail"):
            known["pull_id"] = self.pull
        (pattern,) = [p for p in patterns() if p.name == route]
        return {name: known[name] for name in pattern.pattern.converters}

    def path(self, route: str) -> str:
        return reverse(route, kwargs=self.names(route)).removeprefix(API)

    def get(self, route: str, query: str = "", **headers: str) -> HttpResponse:
        """Ask for a route as somebody who may."""
        who = Caller() if route in ASKED else self.author
        answer = who.get(self.path(route) + self.query(route, query), **headers)
        assert answer.status_code in (200, 304), (route, answer.content)
        return answer

    def query(self, route: str, more: str = "") -> str:
        asked = ASKED.get(route, "")
        return asked + (more.replace("?", "&") if asked else more)

    def key(self, route: str) -> str:
        row = API_CACHE_MAP[route]
        shape = SHAPES.get(route, READ if "limit" in row.query else {})
        asked = parse_qsl(self.query(route).removeprefix("?"))
        named = {**self.names(route), **shape, **dict(asked)}
        if "user_id" in signature(row.key).parameters:  # the caller's own page
            named.setdefault("user_id", self.author.user_id)
        return row.key(**named)


DATABASE = f"t{uuid4().hex[:12]}"
pytestmark = pytest.mark.django_db  # where the index of search is


@pytest.fixture
def database_name() -> str:
    """Name one that all of these tests share, as they only read: each has a cache of its own."""
    return DATABASE


@pytest.fixture(scope="module", autouse=True)
def drop_database(mongo: Any) -> Iterator[None]:
    yield
    mongo.drop_database(DATABASE)


@pytest.fixture
def house(indexes: None) -> House:
    """Return the one house, which the first test builds."""
    found = build_house()
    found.author.client.cookies.clear()
    found.author.get("/users/me")  # that his session holds is an entry too
    rebuild()
    return found


@cache
def build_house() -> House:
    author = sign_in()
    assert author.patch("/users/me", {"username": "the_keeper"}).status_code == 200
    story, chapter = published_story(author)
    feature_story(slug=story, is_featured=True)
    start_story(author)  # a draft
    answer = author.post(f"/stories/{story}/chapters/{chapter}/comments", {"content": "So be it."})
    assert answer.status_code == 201, answer.content
    Notification.keep(
        dedupe_key="cause",
        user_id=author.user_id,
        type="story_continued",
        title="T",
        message="M",
        related={"actor_id": author.user_id, "story_slug": story, "chapter_slug": chapter},
        created_at=timezone.now(),
    )
    Notification.keep(
        dedupe_key="another",
        user_id=author.user_id,
        type="pr_opened",
        title="T",
        message="M",
        related={"pull_id": "gone"},
        created_at=timezone.now(),
    )
    feature_story(slug=story, is_featured=True)
    beat(
        user_id=str(author.user_id),
        story_slug=story,
        chapter_slug=chapter,
        tab="a-tab",
        now=timezone.now(),
    )
    redis.client("cache").delete(*entries())  # what the writes' own answers have stored
    return House(author, story, chapter)


def entries() -> set[bytes]:
    return set(redis.client("cache").scan_iter(redis.key("e", "*")))


def test_every_route_that_can_be_read_is_in_the_map_or_on_the_list() -> None:
    readable = {
        str(one.name)
        for one in patterns()
        if hasattr(getattr(one.callback, "view_class", one.callback), "get")
        or not hasattr(one.callback, "view_class")
    }
    assert readable == UNCACHED | set(API_CACHE_MAP)
    assert not UNCACHED & set(API_CACHE_MAP)


@pytest.mark.parametrize("route", ROUTES)
def test_a_page_is_stored_under_the_key_of_its_row(house: House, route: str) -> None:
    row = API_CACHE_MAP[route]
    assert [house.get(route)["X-Cache"] for _ in range(2)] == ["MISS", "HIT"]
    entry = inspect_entry(house.key(route))
    assert entry is not None, house.key(route)
    assert entry.reasons == []
    kinds = {tag.name.partition(":")[0] for tag in entry.tags} - {"all"}
    assert kinds == set(row.tags)
    longest = TTL[row.ttl] * (1 + JITTER)
    assert TTL[row.ttl] * (1 - JITTER) - 5 <= entry.seconds <= longest


@pytest.fixture
def read_for(monkeypatch: pytest.MonkeyPatch) -> dict[str, set[str]]:
    """Which collections are read for an entry, pages inside it included, by its key."""
    found: dict[str, set[str]] = {}
    under_way: list[str] = []
    load_and_store = Region._load_and_store

    def noting(region: Any, key: str, *more: Any) -> Any:
        under_way.append(key)
        found[key] = set()
        try:
            return load_and_store(region, key, *more)
        finally:
            under_way.pop()

    def telling(read: Any) -> Any:
        def run(collection: Any, *args: Any, **how: Any) -> Any:
            for key in under_way:
                found[key].add(collection.name)
            return read(collection, *args, **how)

        return run

    monkeypatch.setattr(Region, "_load_and_store", noting)
    for name in ("find", "aggregate", "count_documents", "estimated_document_count", "distinct"):
        monkeypatch.setattr(Collection, name, telling(getattr(Collection, name)))
    return found


@pytest.mark.parametrize("route", ROUTES)
def test_an_entry_names_every_collection_that_was_read_for_it(
    house: House, route: str, read_for: dict[str, set[str]]
) -> None:
    """A write whose documents nobody knows stales by these alone."""
    house.get(route)
    assert any(read_for.values())
    for key, collections in read_for.items():
        entry = inspect_entry(key)
        assert entry is not None
        assert {f"all:{name}" for name in collections} <= {tag.name for tag in entry.tags}, key


@pytest.mark.parametrize("route", ROUTES)
def test_what_nobody_asked_for_makes_no_entry_of_its_own(house: House, route: str) -> None:
    house.get(route)
    before = entries()
    for query in ("?utm_source=x", "?x=1&x=2&limits=3", "?%00=%0a&SORT=active&shape=epub"):
        assert house.get(route, query)["X-Cache"] == "HIT", query
    assert entries() == before


@pytest.mark.parametrize("route", [name for name in ROUTES if "limit" in API_CACHE_MAP[name].query])
def test_the_order_of_a_query_does_not_matter(house: House, route: str) -> None:
    extra = "&sort=active&tag=sea" if route == "stories" else ""
    house.get(route, f"?limit=5{extra}")
    again = "&".join(reversed(f"limit=5{extra}".split("&")))
    assert house.get(route, f"?{again}&y=1")["X-Cache"] == "HIT"
    assert house.get(route, "?limit=6")["X-Cache"] == "MISS"


@pytest.mark.parametrize("query", ["tag=a", "exclude=a", "genre=a", "rating=teen", "sort=active"])
def test_every_parameter_of_the_list_shapes_its_key(house: House, query: str) -> None:
    house.get("stories")
    assert house.get("stories", f"?{query}")["X-Cache"] == "MISS"
    assert house.get("stories", f"?{query}")["X-Cache"] == "HIT"


@pytest.mark.parametrize("route", ROUTES)
def test_the_headers_say_how_it_came_and_who_may_keep_it(house: House, route: str) -> None:
    missed, hit = house.get(route), house.get(route)
    assert missed["Cache-Status"] == "StoryChain; fwd=miss; stored"
    assert hit["Cache-Status"] == "StoryChain; hit"
    assert (missed["Age"], int(hit["Age"]) >= 0) == ("0", True)
    assert missed["ETag"] == hit["ETag"]
    assert missed.content == hit.content
    is_public = API_CACHE_MAP[route].audience != "private"
    expected = "public, no-cache" if is_public else "private, no-store"
    assert hit["Cache-Control"] == missed["Cache-Control"] == expected
    assert "Set-Cookie" not in hit
    assert not hit.cookies
    assert "Surrogate-Key" not in hit


@pytest.mark.parametrize("route", ROUTES)
def test_no_page_varies_by_a_header_that_it_does_not_name(house: House, route: str) -> None:
    """Who asks decides whether he is shown it, at each asking: what a cache keeps it must check."""
    page = house.get(route)
    assert page.headers.get("Vary", "Accept") == "Accept"  # where there are two media types
    for name, value in (
        ("Accept-Language", "de"),
        ("Accept-Encoding", "gzip, br"),
        ("Cookie", "sessionid=x; theme=dark"),
        ("User-Agent", "another"),
    ):
        answer = house.get(route, **{name: value})
        assert (answer["X-Cache"], answer.content) == ("HIT", page.content), name


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', 'W/"x",W/{}', "*"])
def test_who_has_the_page_is_told_so(house: House, route: str, form: str) -> None:
    etag = house.get(route)["ETag"]
    answer = house.get(route, **{"If-None-Match": form.format(etag)})
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer["ETag"] == etag
    assert answer["X-Cache"] == "HIT"
    assert answer["Cache-Control"] == house.get(route)["Cache-Control"]
    other = house.get(route, **{"If-None-Match": '"other", W/"another"'})
    assert (other.status_code, other["ETag"]) == (200, etag)


@pytest.mark.parametrize("route", ROUTES)
def test_an_edge_is_given_the_tags_of_public_pages_only(
    house: House, settings: Any, route: str
) -> None:
    settings.SURROGATE_KEYS = True
    answer = house.get(route)
    if API_CACHE_MAP[route].audience == "private":
        assert "Surrogate-Key" not in answer
        return
    kinds = {name.partition(":")[0] for name in answer["Surrogate-Key"].split(" ")} - {"all"}
    assert kinds == set(API_CACHE_MAP[route].tags)


@cache
def build_draft() -> tuple[House, Caller]:
    """Return a draft's house, and somebody who is a stranger to it."""
    author = sign_in()
    story = start_story(author)
    draft = House(author, story, write_root(author, story))
    redis.client("cache").delete(*entries())
    return draft, sign_in()


@pytest.mark.parametrize("route", READERS)
def test_the_page_of_a_draft_is_its_teams_alone(settings: Any, route: str) -> None:
    settings.SURROGATE_KEYS = True
    draft, stranger = build_draft()
    warm = [draft.get(route) for _ in range(2)][1]
    assert warm["X-Cache"] == "HIT"
    assert warm["Cache-Control"] == "private, no-store"
    assert "Surrogate-Key" not in warm
    for who in (Caller(), stranger, Caller(), stranger):
        answer = who.get(draft.path(route), **{"If-None-Match": warm["ETag"]})
        assert answer.status_code == 404
        assert "ETag" not in answer


@pytest.mark.parametrize("route", PUBLIC)
def test_a_public_page_is_one_for_everybody(house: House, route: str) -> None:
    everybody = (Caller(), sign_in(), sign_in() if route in ASKED else house.author)
    answers = [who.get(house.path(route) + house.query(route)) for who in everybody]
    assert [answer["X-Cache"] for answer in answers] == ["MISS", "HIT", "HIT"]
    assert len({answer.content for answer in answers}) == 1


def test_anonymous_and_two_people_never_cross_on_what_is_the_callers(house: House) -> None:
    other = sign_in()
    theirs, _ = published_story(other, title="The other lamp")
    for _ in range(3):
        assert house.author.get("/users/me").json()["user_id"] == house.author.user_id
        assert other.get("/users/me").json()["user_id"] == other.user_id
        assert Caller().get("/users/me").status_code == 401
        for who, status in ((house.author, 200), (other, 403), (Caller(), 401)):
            assert who.get(f"/stories/{house.story}/settings").status_code == status
        for who, status in ((house.author, 403), (other, 200), (Caller(), 401)):
            assert who.get(f"/stories/{theirs}/settings").status_code == status


def test_what_is_the_callers_is_kept_by_nobody(house: House) -> None:
    before = entries()
    answer = house.author.get("/users/me")
    assert answer["Cache-Control"] == "private, no-store"
    assert answer["X-Cache"] == "BYPASS"
    assert entries() == before
