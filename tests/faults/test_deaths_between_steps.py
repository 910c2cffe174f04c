"""Whoever dies between two steps of a write leaves all of it, its events and bumps, or nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.chapters.documents import Chapter
from apps.reading.limits import QUALIFIES
from apps.reading.services import beat
from storychain.documents import ensure_indexes
from tests.emptying import empty_the_cache
from tests.factories import (
    PARAGRAPH,
    Caller,
    invite,
    join,
    propose,
    published_story,
    sign_in,
    start_story,
    unique,
    write_child,
    write_root,
)
from tests.faults.mortals import Moment, Mortals, moments, mortals

Rows = dict[tuple[str, Any], dict[str, Any]]
TEXT = {"title": "The cellar", "content": PARAGRAPH}


@dataclass
class World:
    """An owner, his story, and somebody who comes into it."""

    owner: Caller = field(default_factory=lambda: sign_in("owner"))
    guest: Caller = field(default_factory=lambda: sign_in("guest"))

    def __post_init__(self) -> None:
        self.story, self.root = published_story(self.owner)
        self.trunk = write_child(self.owner, self.story, self.root)

    def pages(self) -> list[bytes]:
        """What its owner reads of the story, and of others."""
        place = f"/stories/{self.story}"
        chapters = [f"{place}/chapters/{slug}" for slug in (self.root, self.trunk)]
        paths = [place, f"{place}/tree", f"{place}/collaborators", "/stories/my", "/stories"]
        return [self.owner.get(path).content for path in (*paths, *chapters, self.talk)]

    @property
    def talk(self) -> str:
        return f"/stories/{self.story}/chapters/{self.root}/comments"

    def place(self) -> dict[str, Any]:
        return {"story_slug": self.story}


def start(world: World) -> dict[str, Any]:
    creator = {"creator_id": world.owner.user_id}
    return {**creator, "title": unique("The lamp"), "description": "A house.", "tags": ["sea"]}


def edit(world: World) -> dict[str, Any]:
    who = {"slug": world.root, "caller_id": world.owner.user_id}
    return {**world.place(), **who, "changes": {"content": unique(PARAGRAPH)}}


def ask(world: World) -> dict[str, Any]:
    who = {"caller_id": world.owner.user_id, "user_id": sign_in("guest").user_id}
    return {**world.place(), **who, "role": "reviewer"}


def come(world: World) -> dict[str, Any]:
    guest = sign_in("guest")
    assert invite(world.owner, world.story, guest) == 201
    return {**world.place(), "caller_id": guest.user_id}


def convert(world: World) -> dict[str, Any]:
    place = {**world.place(), "kind": "new_chapter", "parent_slug": world.root}
    saved = world.guest.send("PUT", "/autosaves", {**place, **TEXT})
    assert saved.status_code == 200, saved.content
    return {"autosave_id": saved.json()["id"], "user_id": world.guest.user_id, "text": TEXT}


def ban(world: World) -> dict[str, Any]:
    who = {"caller_id": world.owner.user_id, "user_id": sign_in("guest").user_id}
    assert invite(world.owner, world.story, Caller(who["user_id"])) == 201
    return {**world.place(), **who, "reason": "He insults everybody."}


def answer(world: World) -> dict[str, Any]:
    said = world.owner.post(world.talk, {"content": "Who is there?"})
    assert said.status_code == 201, said.content
    place = {**world.place(), "chapter_slug": world.root, "parent_id": said.json()["id"]}
    return {**place, "author_id": world.guest.user_id, "content": "The owner."}


def follow(world: World) -> dict[str, Any]:
    return {"follower_id": sign_in("fan").user_id, "user_id": world.owner.user_id}


def read(world: World) -> dict[str, Any]:
    """Let somebody turn to a chapter so long ago that the next heartbeat makes it a read."""
    who = {"user_id": sign_in("reader").user_id, "tab": "a-tab"}
    where = {**world.place(), **who, "chapter_slug": world.root}
    beat(**where, now=timezone.now() - timedelta(seconds=QUALIFIES))
    return where


def shorten(world: World) -> dict[str, Any]:
    """Write another leaf, which can go."""
    leaf = write_child(world.owner, world.story, world.root)
    return {**world.place(), "slug": leaf, "caller_id": world.owner.user_id}


def wait(world: World) -> dict[str, Any]:
    """Go on where a chapter waits to appear, and then another below it."""
    at = (timezone.now() + timedelta(days=1)).isoformat()
    world.trunk = write_child(world.owner, world.story, world.trunk)  # a chapter has few branches
    waiting = write_child(world.owner, world.story, world.trunk, publish_at=at)
    return {**world.place(), "slug": waiting, "caller_id": world.owner.user_id}


def fall_due(world: World) -> dict[str, Any]:
    """Let such a chapter's time have come."""
    waiting = Chapter.objects(slug=wait(world)["slug"])
    assert waiting.update_one(set__publish_at=timezone.now() - timedelta(seconds=1)) == 1
    return {}


def finish(world: World) -> dict[str, Any]:
    """Let somebody write a story that can be published; one person may start few a day."""
    author = sign_in("author")
    story = start_story(author)
    write_root(author, story)
    return {"slug": story, "caller_id": author.user_id}


def go_round(world: World) -> dict[str, Any]:
    ends = {"slug": world.trunk, "target": world.root, "text": unique("Back")}
    return {**world.place(), **ends, "caller_id": world.owner.user_id}


def silence(world: World) -> dict[str, Any]:
    pull_id = propose(world.guest, world.story, world.root)
    return {"pull_id": pull_id, "caller_id": world.owner.user_id}


def regret(world: World) -> dict[str, Any]:
    page = f"/stories/{world.story}/chapters/{world.root}"
    assert world.owner.patch(page, {"title": unique("The stairs")}).status_code == 200
    who = {"slug": world.root, "caller_id": world.owner.user_id}
    return {**world.place(), **who, "version": 1}


def part(world: World) -> dict[str, Any]:
    guest = join(world.owner, world.story, "reviewer")
    who = {"caller_id": world.owner.user_id, "user_id": guest.user_id}
    return {**world.place(), **who}


def promote(world: World) -> dict[str, Any]:
    return {**part(world), "role": "moderator"}


WRITES: dict[str, Callable[[World], dict[str, Any]]] = {
    "apps.stories.services.create_story": start,
    "apps.chapters.services.edit_chapter": edit,
    "apps.collaboration.services.invite": ask,
    "apps.collaboration.services.accept": come,
    "apps.moderation.banning.ban_from_story": ban,
    "apps.autosaves.services.convert_draft": convert,  # which writes a chapter
    "apps.comments.services.write_comment": answer,
    "apps.follows.services.follow_user": follow,
    "apps.reading.services.beat": read,
    "apps.chapters.services.delete_chapter": shorten,
    "apps.pulls.withholding.withhold_pull": silence,
    "apps.chapters.services.roll_back": regret,
    "apps.chapters.publishing.publish_chapter": wait,
    "apps.chapters.publishing.publish_due": fall_due,
    "apps.chapters.linking.lay_link": go_round,
    "apps.stories.services.publish_story": finish,
    "apps.collaboration.services.change_role": promote,
    "apps.collaboration.services.remove": part,
}


def rows(database: Any) -> Rows:
    return {
        (name, row["_id"]): row
        for name in database.list_collection_names()
        for row in database[name].find()
    }


def difference(before: Rows, after: Rows) -> Counter[str]:
    """How many documents of which collection came, went or changed.

    Rows of the outbox go when they have been passed on, for which nobody waits.
    """
    found = Counter(f"{name} came" for name, _ in after.keys() - before.keys())
    found.update(f"{name} went" for name, _ in before.keys() - after.keys())
    both = before.keys() & after.keys()
    found.update(f"{key[0]} changed" for key in both if before[key] != after[key])
    del found["outbox went"], found["outbox changed"]
    return found


@pytest.mark.parametrize("part", [0, 1])  # of two, as together they take longer than a test may
def test_kill_9_between_any_two_steps_leaves_all_or_nothing(
    mongo: Any, fresh_names: str, part: int
) -> None:
    ensure_indexes()
    world = World()
    with mortals(mongo) as children:
        for name, prepare in [*WRITES.items()][part::2]:
            found = [*lives(world, mongo[fresh_names], children, name, prepare)]
            undone = [one for one in found if not one]
            done = found[len(undone) :]
            assert found == undone + done, (name, found)  # up to the commit, and from there on
            assert len(undone) > 2, (name, found)
            assert len(done) > 1, (name, found)  # dead just after it, and alive
            owed = [one.pop("outbox came", 0) for one in done]  # until it is passed on
            assert owed[0] == max(owed) > 0, (name, owed)
            assert all(one == done[0] for one in done), (name, found)


def lives(
    world: World,
    database: Any,
    children: Mortals,
    name: str,
    prepare: Callable[[World], dict[str, Any]],
) -> Iterator[Counter[str]]:
    """Let it be done over and over, each time dying at a later step; yield what has changed.

    The first time it is done to its end, so that its steps are known; that is yielded last.
    """
    arguments = prepare(world)

    def live(*moment: Moment) -> Counter[str]:
        nonlocal arguments
        world.pages()  # are now in the cache
        before = rows(database)
        children.do(name, *moment, **arguments)
        made, cached = difference(before, rows(database)), world.pages()
        empty_the_cache()
        assert cached == world.pages(), (name, moment)
        if made:
            arguments = prepare(world)
        return made

    whole = live()
    for moment in moments(children):
        yield live(moment)
    yield whole
