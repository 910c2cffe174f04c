"""Every rule, before and after: whatever a write changes, the next read of every page shows it.

The oracle is the database: after the write each page is read, then the cache is emptied and the
page is read again. A page that a rule forgot differs between the two.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import resolve

from apps.access.documents import Collaborator, StoryBan
from apps.chapters.documents import Chapter
from apps.chapters.publishing import publish_due
from apps.notifications.documents import Notification
from apps.notifications.kinds import compose
from apps.notifications.services import deliver
from apps.reading.services import beat
from apps.search.services import rebuild
from apps.stories.documents import Story
from apps.stories.services import feature_story
from apps.users.documents import PlatformBan, PlatformRole, User
from config.urls import API_CACHE_MAP
from storychain import counters
from storychain.counters import settle_once
from tests.emptying import empty_the_cache
from tests.factories import (
    API,
    PARAGRAPH,
    Caller,
    invite,
    propose,
    publish,
    sign_in,
    start_story,
    unique,
    write_child,
    write_root,
)

pytestmark = pytest.mark.django_db  # where the index of search is
NOW = datetime(2026, 2, 9, 15, 30, tzinfo=UTC)
ANYONE = Caller()
Answer = tuple[int, bytes]
# As whom a page is read, if not as anyone and the friend; the public ones are the same for all
# (test_cache_map.py).
PUBLIC = (
    *("list", "trending", "featured", "tagged", "new"),
    *("profile", "works", "friend-profile", "friend-works"),
)
OURS = ("settings", "role", "mine", "drafts", "draft-settings", "draft-role", "draft-team")
READERS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(PUBLIC, ("anyone",)),
    **dict.fromkeys(OURS, ("author", "friend")),
    **dict.fromkeys(("versions", "version", "diff", "analytics"), ("author",)),
    **dict.fromkeys(("told", "unread", "count", "history"), ("friend",)),
    **dict.fromkeys(("draft-overview", "draft-tree", "draft-root"), ("friend",)),
}


class World:
    """An author with an open story and a draft; a friend; and whoever comes by."""

    def __init__(self) -> None:
        self.author, self.friend = sign_in("author"), sign_in("friend")
        self.open = start_story(self.author, title="The lamp", tags=["sea"])
        self.root = write_root(self.author, self.open)
        self.leaf = write_child(self.author, self.open, self.root, title="The cellar")
        publish(self.author, self.open)
        self.attic = ""
        self.draft = start_story(self.author, title="The draft")
        self.first = write_root(self.author, self.draft, title="The gate")
        self.pull = propose(self.author, self.open, self.leaf)
        self.comment = self.say(self.author)
        settle_once()
        self.tell()
        self.tell_of_leaf()
        rebuild()
        self.seconds = 0
        self.read_on(self.root)

    def say(self, who: Caller, **more: str) -> str:
        """Let somebody say something below the leaf; return the comment's id."""
        path = f"/stories/{self.open}/chapters/{self.leaf}/comments"
        answer = who.post(path, {"content": "So be it.", **more})
        assert answer.status_code == 201, answer.content
        return str(answer.json()["id"])

    def tell(self) -> None:
        """Tell the friend something that the author did."""
        told = deliver(
            dedupe_key=unique("cause"),
            user_id=self.friend.user_id,
            kind="new_follower",
            related={"actor_id": self.author.user_id},
            now=NOW,
            title="Somebody follows you",
            message="You have a new reader.",
        )
        assert told

    def tell_of_leaf(self) -> None:
        """Tell the friend of the leaf, by which he is told the names of both."""
        about = {
            "story_slug": self.open,
            "story_title": "The lamp",
            "chapter_slug": self.leaf,
            "chapter_title": "The cellar",
            "parent_slug": self.root,
            "actor_id": self.author.user_id,
        }
        payload = compose("story_continued", **about)
        assert deliver(
            dedupe_key=unique("cause"),
            user_id=self.friend.user_id,
            kind="story_continued",
            related=payload["metadata"],
            now=NOW,
            title=payload["title"],
            message=payload["message"],
        )

    def read_on(self, chapter: str) -> None:
        """Let the friend turn to a chapter, half a minute later."""
        self.seconds += 30
        now = NOW + timedelta(seconds=self.seconds)
        where = {"user_id": str(self.friend.user_id), "story_slug": self.open}
        beat(**where, chapter_slug=chapter, tab="a-tab", now=now)

    def pages(self) -> dict[str, str]:
        """Every page that shows any of it, by a short name."""
        s, d = f"/stories/{self.open}", f"/stories/{self.draft}"
        author, friend = self.author.user_id, self.friend.user_id
        return {
            "list": "/stories",
            "trending": "/stories/trending",
            "featured": "/stories/featured",
            "search": "/search?q=the",
            "tagged": "/stories?tag=sea&sort=active",
            "new": "/stories/new",
            "story": s,
            "overview": f"{s}/overview",
            "settings": f"{s}/settings",
            "tree": f"{s}/tree",
            "analytics": f"{s}/analytics",
            "feed": f"{s}/feed.atom",
            "chapters": f"{s}/chapters",
            "root": f"{s}/chapters/{self.root}",
            "leaf": f"{s}/chapters/{self.leaf}",
            "comments": f"{s}/chapters/{self.leaf}/comments",
            "replies": f"{s}/chapters/{self.leaf}/comments?parent={self.comment}",
            "versions": f"{s}/chapters/{self.leaf}/versions",
            "version": f"{s}/chapters/{self.leaf}/versions/2",  # which there is not yet
            "diff": f"{s}/chapters/{self.leaf}/diff",
            "team": f"{s}/collaborators",
            "role": f"{s}/my-role",
            "pulls": f"{s}/pulls",
            "pull": f"/pulls/{self.pull}",
            "draft": d,
            "draft-team": f"{d}/collaborators",
            "draft-role": f"{d}/my-role",
            "draft-overview": f"{d}/overview",
            "draft-settings": f"{d}/settings",
            "draft-tree": f"{d}/tree",
            "draft-root": f"{d}/chapters/{self.first}",
            "profile": f"/users/{author}/profile",
            "works": f"/users/{author}/stories",
            "friend-profile": f"/users/{friend}/profile",
            "friend-works": f"/users/{friend}/stories",
            "mine": "/stories/my",
            "drafts": "/stories/draft",
            "told": "/notifications",
            "unread": "/notifications?unread=true",
            "count": "/notifications/count",
            "history": "/reading-history",
        }

    def read(self) -> dict[tuple[str, str], Answer]:
        """Read every page as all who may be shown something of their own."""
        readers = {"anyone": ANYONE, "author": self.author, "friend": self.friend}
        found = {}
        for page, path in self.pages().items():
            for name in READERS.get(page, ("anyone", "friend")):
                reader = readers[name]
                answer = reader.get(path)
                problem = answer["Content-Type"] == "application/problem+json"
                body = answer.json()["code"].encode() if problem else answer.content
                found[name, page] = (answer.status_code, body)
        return found

    def join(self, story: str, role: str = "contributor", status: str = "accepted") -> Collaborator:
        """Write the friend into a story's team."""
        row = Collaborator(
            story_slug=story,
            user_id=self.friend.user_id,
            role=role,
            status=status,
            accepted_at=NOW,  # long before the owner: the team is shown in this order
        )
        return row.save()


Write = Callable[[World], object]


@pytest.fixture
def world() -> World:
    return World()


def patched(part: str, body: dict[str, object]) -> Write:
    """Return the author's edit of something of his."""

    def write(world: World) -> None:
        path = {"story": "", "settings": "/settings", "leaf": f"/chapters/{world.leaf}"}[part]
        answer = world.author.patch(f"/stories/{world.open}{path}", body)
        assert answer.status_code == 200, answer.content

    return write


def stepped(step: str) -> Write:
    return lambda world: _ok(world.author.post(f"/stories/{world.open}/{step}"))


def updated(model: type, **changes: object) -> Write:
    """Return a write of single fields, past the services."""

    def write(world: World) -> None:
        names = {Story: world.open, Chapter: world.leaf, User: world.author.user_id}
        changed = model.objects(pk=names[model]).update_one(**changes)
        assert changed == 1

    return write


def _ok(answer: object) -> None:
    assert answer.status_code < 300, answer.content


def hand_over(world: World) -> None:
    Story.objects(slug=world.open).update_one(set__creator_id=world.friend.user_id)


def write_as_friend(world: World) -> None:
    write_child(world.friend, world.open, world.root, title="The attic")


def link(world: World) -> None:
    """Lead from the leaf to a new chapter elsewhere."""
    world.attic = write_child(world.author, world.open, world.root, title="The attic")
    path = f"/stories/{world.open}/chapters/{world.leaf}/links/{world.attic}"
    _ok(world.author.send("PUT", path, {"text": "Up"}))


def relabel_link(world: World) -> None:
    path = f"/stories/{world.open}/chapters/{world.leaf}/links/{world.attic}"
    _ok(world.author.send("PUT", path, {"text": "Up again"}))


def delete_attic(world: World) -> None:
    _ok(world.author.delete(f"/stories/{world.open}/chapters/{world.attic}"))


def delete_leaf(world: World) -> None:
    _ok(world.author.delete(f"/stories/{world.open}/chapters/{world.leaf}"))


def empty_root(world: World) -> None:
    _ok(world.author.delete(f"/stories/{world.open}/chapters/{world.root}"))


def rename(world: World) -> None:
    _ok(world.author.patch("/users/me", {"username": "somebody-else"}))


def tell_about_himself(world: World) -> None:
    _ok(world.author.patch("/users/me", {"bio": "Writes at night."}))


def ask_in(world: World) -> None:
    assert invite(world.author, world.draft, world.friend) == 201


def answered(answer: str) -> Write:
    return lambda it: _ok(it.friend.post(f"/stories/{it.draft}/invitation/{answer}"))


def _part(world: World) -> str:
    return f"/stories/{world.draft}/collaborators/{world.friend.user_id}"


def promote(world: World) -> None:
    _ok(world.author.patch(_part(world), {"role": "co_author"}))


def take_out(world: World) -> None:
    _ok(world.author.delete(_part(world)))


def leave(world: World) -> None:
    _ok(world.friend.delete(_part(world)))


def roll_back(world: World) -> None:
    path = f"/stories/{world.open}/chapters/{world.leaf}/rollback"
    _ok(world.author.post(path, {"version": 1}))


def vote(world: World) -> None:
    story = f"/stories/{world.open}"
    for path in (f"{story}/vote", f"{story}/chapters/{world.leaf}/vote"):
        _ok(world.friend.send("PUT", path, {"value": 1}))
    assert settle_once() == 3  # the story's, the chapter's, and what the story has by that


def talk(world: World) -> None:
    world.say(world.friend, parent_id=world.comment)
    settle_once()


def vote_on_comment(world: World) -> None:
    _ok(world.friend.send("PUT", f"/comments/{world.comment}/vote", {"value": 1}))
    assert settle_once() == 1


def stop_talking(world: World) -> None:
    path = f"/stories/{world.open}/chapters/{world.leaf}/comments/lock"
    _ok(world.author.send("PUT", path))


def fall_silent(world: World) -> None:
    _ok(world.author.delete(f"/comments/{world.comment}"))
    settle_once()


def pulled(step: str, body: dict[str, object], method: str = "POST") -> Write:
    """Return a step in the life of the author's pull request."""
    return lambda it: _ok(it.author.send(method, f"/pulls/{it.pull}{step}", body))


def last_said(world: World) -> str:
    comments = f"/pulls/{world.pull}/comments"
    return f"{comments}/{world.author.get(comments).json()['items'][-1]['id']}"


def what_he_reviewed(world: World) -> str:
    reviews = f"/pulls/{world.pull}/reviews"
    return f"{reviews}/{world.author.get(reviews).json()['items'][0]['id']}"


def what_came_of_it(world: World) -> str:
    """The chapter that the pull request has become."""
    slug = world.author.get(f"/pulls/{world.pull}").json()["chapter_slug"]
    return f"/stories/{world.open}/chapters/{slug}"


def flag(world: World) -> None:
    Chapter.objects.get(slug=world.leaf).flag()


def read_one(world: World) -> None:
    first = world.friend.get("/notifications").json()["items"][0]
    _ok(world.friend.post(f"/notifications/{first['id']}/read"))


def read_all(world: World) -> None:
    _ok(world.friend.post("/notifications/read-all"))


def clear_away(world: World) -> None:
    assert Notification.objects(user_id=world.friend.user_id, is_read=True).delete() == 3


def read_leaf(world: World) -> None:
    world.read_on(world.leaf)


def followed(method: str) -> Write:
    """Return the friend's following of the author and his story, or its end, once it counts."""

    def write(world: World) -> None:
        for path in (f"/users/{world.author.user_id}", f"/stories/{world.open}"):
            _ok(world.friend.send(method, f"{path}/follow"))
        counters.settle_once()

    return write


def forget(world: World) -> None:
    _ok(world.friend.delete(f"/stories/{world.open}/reading-history"))


SAME_LENGTH = PARAGRAPH.replace("stairs", "roof")
LISTS = {"list", "new", "works"}
CHAPTERS = {"tree", "chapters", "root", "leaf", "feed"}
# What has just been published comes in with the next scores.
LAGS = {"published": {"trending"}}
# A vote, or a follow, sweeps no list: there its count is as old as the list.
LAGS["voted"] = {"list", "trending", "tagged", "new", "works", "mine", "tree", "chapters"}
LAGS["followed"] = LAGS["voted"]
STORY = {"story", "overview"}
DRAFTS = {"draft-team", "draft-role"}
# By name: the write, or several one after another, and pages on which it shows.
WRITES: dict[str, tuple[Write | list[Write], set[str]]] = {
    "title": (
        patched("story", {"title": "The lantern"}),
        {*LISTS, *STORY, "tagged", "mine", "search", "history", "told"},
    ),
    "same title": (patched("story", {"title": "The lamp"}), STORY),
    "description": (patched("story", {"description": "Another house."}), {*LISTS, *STORY}),
    "cover": (patched("story", {"cover_image": "https://example.org/a.png"}), {*LISTS, *STORY}),
    "tags": (patched("story", {"tags": ["hill"]}), {*LISTS, *STORY, "tagged"}),
    "warnings": (patched("story", {"warnings": ["storms"]}), {*LISTS, *STORY}),
    "genres": (patched("settings", {"genres": ["gothic"]}), {*LISTS, *STORY, "settings"}),
    "rule": (patched("settings", {"allow_comments": False}), {*STORY, "settings"}),
    "hidden": (
        patched("settings", {"is_public": False}),
        {*LISTS, *STORY, "tagged", "tree", "chapters", "root", "leaf", "settings", "pull", "pulls"}
        | {"search", "history", "told"},
    ),
    "archived": (
        [stepped("archive"), stepped("unarchive")],
        {*LISTS, *STORY, "tagged", "tree", "chapters", "root", "leaf"},
    ),
    "deleted": (
        lambda world: _ok(world.author.delete(f"/stories/{world.open}")),
        {*LISTS, *STORY, "tagged", "tree", "chapters", "root", "leaf", "settings"},
    ),
    "featured": (
        [
            lambda world: feature_story(slug=world.open, is_featured=True),
            patched("story", {"title": "The lantern"}),
            patched("settings", {"is_public": False}),
        ],
        {*STORY, "featured"},
    ),
    "handed over": (hand_over, {*LISTS, *STORY, "friend-works"}),
    "lively": (updated(Story, set__last_activity_at=NOW), {*LISTS, *STORY, "tagged"}),
    "another's chapter": (
        write_as_friend,
        {*LISTS, *STORY, "tagged", "tree", "chapters", "root", "friend-profile"},
    ),
    "voted": (vote, {*STORY, "leaf", "profile"}),
    "commented": ([talk, vote_on_comment], {"leaf", "comments", "replies"}),
    "fallen silent": ([stop_talking, fall_silent], {"leaf", "comments"}),
    "chapter's title": (
        patched("leaf", {"title": "The vault"}),
        {"leaf", "tree", "chapters", "search", "told"},
    ),
    "chapter's text": (
        [patched("leaf", {"content": SAME_LENGTH}), roll_back],
        {"leaf", "chapters", "versions", "version", "diff"},
    ),
    "way's label": (patched("leaf", {"choice_text": "Down"}), {"root", "analytics"}),
    "linked": ([link, relabel_link, delete_attic], {"leaf", "analytics"}),
    "chapter's end": (patched("leaf", {"is_ending": True}), {"leaf", "tree", "chapters"}),
    "leaf deleted": (
        delete_leaf,
        {*LISTS, *STORY, "leaf", "root", "tree", "chapters", "pull", "told"},
    ),
    "node emptied": (empty_root, {"root", "tree", "chapters"}),
    "chapter's time": (
        [
            updated(Chapter, set__status="draft", set__publish_at=NOW),
            lambda _: publish_due(now=NOW),
        ],
        {"leaf", "tree", "chapters"},
    ),
    "chapter's author": (
        lambda world: updated(Chapter, set__author_id=world.friend.user_id)(world),
        {"leaf", "tree", "chapters"},
    ),
    "name": (
        rename,
        {*LISTS, *STORY, *CHAPTERS, "trending", "versions", "profile", "team", "told"}
        | {"pull", "pulls"},
    ),
    "picture": (
        updated(User, set__avatar_url="https://example.org/me.png"),
        {"search", *LISTS, *STORY, "tree", "chapters", "root", "leaf", "profile"},
    ),
    "gone": (
        updated(User, set__is_active=False),
        {*LISTS, *STORY, "tree", "chapters", "root", "leaf", "profile"},
    ),
    "bio": (tell_about_himself, {"profile"}),
    "level": (updated(User, set__level=7, set__xp=900), {"profile"}),
    "published": (
        lambda world: publish(world.author, world.draft),
        {*LISTS, "draft", "draft-overview", "draft-tree", "draft-root", *DRAFTS, "mine", "drafts"},
    ),
    "asked in": (
        [ask_in, answered("accept"), promote, take_out],
        {"draft", "draft-overview", "draft-settings", "draft-tree", "draft-root", *DRAFTS},
    ),
    "declined": ([ask_in, answered("decline")], set()),
    "left": ([ask_in, answered("accept"), leave], {"draft", *DRAFTS, "mine", "drafts"}),
    "judged": (
        [
            pulled("", {"title": "The well"}, "PATCH"),
            pulled("/comments", {"content": "Deep enough?"}),
            lambda world: _ok(world.author.delete(last_said(world))),
            pulled("/reviews", {"verdict": "approve", "summary": "Deep enough."}),
            lambda world: _ok(world.author.delete(what_he_reviewed(world))),
            pulled("/merge", {}),
            lambda world: _ok(world.author.delete(what_came_of_it(world))),
        ],
        {*LISTS, *STORY, "tree", "chapters", "leaf", "pull", "pulls"},
    ),
    "withheld": (pulled("", {}, "DELETE"), {"pull", "pulls"}),
    "followed": (
        [followed("PUT"), followed("DELETE")],
        {"profile", "friend-profile", "story", "overview"},
    ),
    "read": ([read_leaf, read_leaf, forget], {"history"}),
    "told": ([World.tell, read_one, read_all, clear_away], {"told", "unread", "count"}),
    "joined": (
        lambda world: world.join(world.draft),
        {"draft", "draft-overview", "draft-settings", "draft-tree", "draft-root", *DRAFTS},
    ),
    "joined what is open": (
        lambda world: world.join(world.open),
        {"overview", "settings", "team", "role"},
    ),
    "banned": (
        lambda world: StoryBan(
            story_slug=world.open,
            user_id=world.friend.user_id,
            banned_by=world.author.user_id,
            banned_at=NOW,
        ).save(),
        {*STORY, "tree", "chapters", "root", "leaf", "team", "role", "history", "told"},
    ),
    "banned by the platform": (
        [
            lambda world: PlatformBan.impose(
                user_id=world.friend.user_id, reason="Spam.", by="x", now=NOW
            ),
            lambda world: PlatformBan.objects(user_id=world.friend.user_id).delete(),
        ],
        {*STORY, "tree", "chapters", "root", "leaf", "team", "role", "told", "count"},
    ),
    "flagged": ([flag, lambda world: Chapter.clear(slug=world.leaf)], {"leaf"}),
    "platform role": (
        lambda world: PlatformRole(
            user_id=world.friend.user_id, role="PLATFORM_MODERATOR", assigned_at=NOW
        ).save(),
        {"draft", "draft-overview", "draft-tree", "draft-root", "role", *DRAFTS},
    ),
}


# Writes that follow each other in one world, which is what costs; any other has one of its own.
JOURNEYS = (
    (
        *("same title", "description", "cover", "warnings", "genres", "rule", "lively"),
        *("flagged", "banned by the platform", "title"),
    ),
    ("archived", "tags", "featured"),
    ("level", "bio", "picture", "name", "gone"),
    (
        *("chapter's text", "chapter's title", "way's label", "linked", "chapter's end"),
        *("chapter's time", "another's chapter", "chapter's author", "node emptied"),
    ),
    ("commented", "voted", "fallen silent", "leaf deleted", "withheld"),
    ("told", "asked in", "published"),
    ("joined what is open", "banned", "deleted"),
)
ALONE = tuple((name,) for name in WRITES if not any(name in journey for journey in JOURNEYS))


@pytest.mark.parametrize("names", [*JOURNEYS, *ALONE], ids=lambda names: names[-1])
def test_a_write_is_shown_by_the_next_read_of_every_page(
    world: World, names: tuple[str, ...]
) -> None:
    before = world.read()
    for name in names:
        writes, shows = WRITES[name]
        changed: set[str] = set()
        for write in writes if isinstance(writes, list) else [writes]:
            write(world)
            after = world.read()
            empty_the_cache()
            truth, lags = world.read(), LAGS.get(name, ())
            wrong = {at for at in after if after[at] != truth[at] and at[1] not in lags}
            assert not wrong, name
            changed |= {at[1] for at, answer in after.items() if answer != before[at]}
            before = truth
        assert changed >= shows, f"{name} does not show on {shows - changed}"


def test_every_route_that_is_cached_is_read_here(world: World) -> None:
    assert {
        resolve(API + path.partition("?")[0]).url_name for path in world.pages().values()
    } == set(API_CACHE_MAP)


def test_access_begins_changes_and_ends_at_the_next_read(world: World) -> None:
    draft, settings = f"/stories/{world.draft}", f"/stories/{world.draft}/settings"

    def statuses() -> tuple[int, int]:
        return world.friend.get(draft).status_code, world.friend.get(settings).status_code

    assert statuses() == (404, 404)
    row = world.join(world.draft, status="pending")
    assert statuses() == (404, 404)
    row.update(set__status="accepted")
    assert statuses() == (200, 200)
    assert world.friend.patch(draft, {"title": "Mine"}).status_code == 403
    row.update(set__role="co_author")
    assert world.friend.patch(draft, {"title": "Ours"}).status_code == 200
    overview = f"{draft}/overview"
    assert [m["role"] for m in world.friend.get(overview).json()["team"]] == ["co_author", "owner"]
    row.update(set__role="reviewer")
    assert [m["role"] for m in world.friend.get(overview).json()["team"]] == ["reviewer", "owner"]
    row.update(set__status="removed")
    assert statuses() == (404, 404)
    row.update(set__status="accepted")
    assert statuses() == (200, 200)
    row.delete()
    assert statuses() == (404, 404)


def test_a_ban_ends_what_everybody_else_may_and_its_lifting_brings_it_back(world: World) -> None:
    page = f"/stories/{world.open}/chapters/{world.root}"
    assert world.friend.get(page).status_code == 200
    ban = StoryBan(
        story_slug=world.open, user_id=world.friend.user_id, banned_by="x", banned_at=NOW
    ).save()
    assert world.friend.get(page).status_code == 404
    assert ANYONE.get(page).status_code == 200
    ban.delete()
    assert world.friend.get(page).status_code == 200


def test_a_platform_role_counts_until_it_is_taken(world: World) -> None:
    draft = f"/stories/{world.draft}"
    assert world.friend.get(draft).status_code == 404
    role = PlatformRole(
        user_id=world.friend.user_id, role="PLATFORM_MODERATOR", assigned_at=NOW
    ).save()
    assert world.friend.get(draft).status_code == 200
    role.update(set__role="APPEAL_MODERATOR")
    assert world.friend.get(draft).status_code == 404
    role.delete()
    assert world.friend.get(draft).status_code == 404


def test_what_nobody_is_shown_stales_nothing(world: World) -> None:
    """Votes and reads are counted in place and coalesced: a busy story keeps its pages."""
    world.read()
    Story.objects(slug=world.open).update_one(inc__stats__total_reads=1)
    Chapter.objects(slug=world.root).update_one(inc__stats__reads=1)
    for page in ("list", "story", "overview", "tree", "chapters", "root"):
        assert ANYONE.get(world.pages()[page])["X-Cache"] == "HIT", page
