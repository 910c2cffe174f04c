"""Chapters that wait: seen by few, in no list, and at their time there for everybody, once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apps.access.documents import StoryBan
from apps.chapters import growing, publishing
from apps.chapters.documents import Chapter
from apps.chapters.events import ChapterAdded
from apps.chapters.growing import show_draft
from apps.chapters.publishing import publish_due
from apps.chapters.walking import list_reading_order
from apps.stories.documents import Story
from apps.users.documents import PlatformBan
from storychain.documents import ensure_indexes
from storychain.events import subscribes
from tests.factories import (
    Caller,
    chapter_body,
    join,
    publish,
    published_story,
    sign_in,
    start_story,
    write_child,
    write_root,
)

ANYONE = Caller()
HOUR = timedelta(hours=1)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def indexes(fresh_names: str) -> None:
    ensure_indexes()


@pytest.fixture
def announced() -> Iterator[list[str]]:
    heard: list[str] = []

    def hear(event: ChapterAdded) -> list[object]:
        heard.append(event.chapter_slug)
        return []

    subscribes(ChapterAdded)(hear)
    yield heard
    from storychain.events import _subscribers

    _subscribers[ChapterAdded].remove(hear)


def ahead(hours: float) -> str:
    return (datetime.now(UTC) + hours * HOUR).isoformat()


def after(hours: float) -> datetime:
    """Return a time by which what was given so many hours is due."""
    return datetime.now(UTC) + hours * HOUR


class House:
    """An owner's published story of one chapter, and a writer's chapter that waits below it."""

    def __init__(self, hours: float = 1, **settings: Any) -> None:
        self.owner, self.writer = sign_in("owner"), sign_in("writer")
        self.story, self.root = published_story(self.owner, settings=settings)
        self.before = self.read()
        self.slug = write_child(
            self.writer, self.story, self.root, choice_text="Down", publish_at=ahead(hours)
        )
        self.path = f"/stories/{self.story}/chapters/{self.slug}"

    def read(self) -> dict[str, bytes]:
        """Return every page that shows chapters, as anybody gets it."""
        story = f"/stories/{self.story}"
        pages = (story, f"{story}/tree", f"{story}/chapters", f"{story}/chapters/{self.root}")
        people = (f"/users/{self.writer.user_id}/profile", "/stories", f"{story}/overview")
        return {path: ANYONE.get(path).content for path in (*pages, *people)}


def test_a_waiting_chapter_is_there_for_its_author_and_co_authors_alone() -> None:
    house = House()
    for who in (house.writer, house.owner, join(house.owner, house.story, "co_author")):
        answer = who.get(house.path)
        assert (answer.status_code, answer["Cache-Control"]) == (200, "private, no-store")
        assert (answer.json()["status"], bool(answer.json()["publish_at"])) == ("draft", True)
        assert who.get(f"{house.path}/versions").status_code == 200
    body = chapter_body()
    for who in (ANYONE, sign_in("stranger"), join(house.owner, house.story, "moderator")):
        asked = [
            (verb, path)
            for path in (house.path, f"/stories/{house.story}/chapters/no-such-chapter")
            for verb in ("GET", "PATCH", "DELETE")
        ]
        told = [who.send(verb, path, body) for verb, path in asked]
        if who is not ANYONE:
            asked += [
                ("POST", f"{path}/{step}")
                for step in ("children", "publish")
                for _, path in asked[::3]
            ]
            told += [
                who.send(verb, path, body if path.endswith("n") else None)
                for verb, path in asked[6:]
            ]
            assert [answer.status_code for answer in told] == [404] * 10
        shown = [(a.status_code, a.json()["code"], a.json().get("detail")) for a in told]
        assert shown[:3] == shown[3:6]
        assert shown[6::2] == shown[7::2]


def test_it_is_in_no_page_before_and_in_every_page_after_its_time(announced: list[str]) -> None:
    house = House()
    announced.clear()
    assert house.read() == house.before
    assert list_reading_order(story_slug=house.story) == [house.root]
    assert publish_due(now=after(0.9)) == 0
    assert house.read() == house.before
    assert [publish_due(now=after(1)) for _ in range(2)] == [1, 0]
    assert announced == [house.slug]
    shown = house.read()
    assert [path for path, body in shown.items() if body == house.before[path]] == []
    story, tree, rows, root = (ANYONE.get(path).json() for path in list(shown)[:4])
    assert (story["stats"]["total_chapters"], story["stats"]["unique_contributors"]) == (2, 2)
    assert [node["slug"] for node in tree["nodes"]] == [house.root, house.slug]
    assert [row["slug"] for row in rows["items"]] == [house.root, house.slug]
    assert root["choices"] == [{"text": "Down", "chapter_slug": house.slug}]
    page = ANYONE.get(house.path).json()
    assert (page["status"], page["publish_at"], page["version"]) == ("published", None, 1)
    assert list_reading_order(story_slug=house.story) == [house.root, house.slug]


def test_what_appears_late_comes_last_in_the_list() -> None:
    house = House()
    sooner = write_child(house.writer, house.story, house.root)
    publish_due(now=after(1))
    rows = ANYONE.get(f"/stories/{house.story}/chapters").json()["items"]
    assert [row["slug"] for row in rows] == [house.root, sooner, house.slug]


NO_TIMES = [
    ("2020-01-01T00:00:00Z", "passed"),
    (ahead(24 * 367), "366 days"),
    ("9999-12-31T23:59:59-10:00", "out of range"),
    ("2031-05-06T12:00:00", "time zone"),
    ("2031-05-06", "time zone"),
    ("soon", "format"),
    (1_900_000_000, "a text"),
    (["2031-05-06T12:00:00Z"], "a text"),
]


def test_a_time_that_is_none_is_refused_and_changes_nothing() -> None:
    house = House()
    path = f"/stories/{house.story}/chapters/{house.root}/children"
    for given, why in NO_TIMES:
        for answer in (
            house.writer.post(path, chapter_body(publish_at=given)),
            house.writer.patch(house.path, {"title": "New", "publish_at": given}),
        ):
            assert answer.status_code == 400
            assert why in str(answer.json()["errors"]["publish_at"]), given
    assert house.writer.get(house.path).json()["title"] != "New"
    assert Chapter.objects(story_slug=house.story).count() == 2


def test_one_that_cannot_be_published_is_in_nobodys_way(monkeypatch: pytest.MonkeyPatch) -> None:
    house = House()
    later = write_child(house.writer, house.story, house.root, publish_at=ahead(2))

    def show(chapter: Chapter, **about: Any) -> None:
        if chapter.slug == house.slug:
            raise ValueError("a defect")
        show_draft(chapter, **about)

    monkeypatch.setattr(publishing, "show_draft", show)
    with pytest.raises(ExceptionGroup) as failed:
        publish_due(now=after(3))
    assert [error.__notes__ for error in failed.value.exceptions] == [[f"chapter {house.slug}"]]
    assert [Chapter.objects.get(slug=slug).status for slug in (house.slug, later)] == [
        "draft",
        "published",
    ]
    monkeypatch.undo()
    assert publish_due(now=after(3)) == 1


def test_its_time_is_moved_taken_back_and_given_anew(announced: list[str]) -> None:
    house = House()
    announced.clear()
    moved = house.owner.patch(house.path, {"publish_at": ahead(3)})
    assert (moved.status_code, moved.json()["version"]) == (200, 1)
    assert publish_due(now=after(2)) == 0
    edited = house.writer.patch(house.path, {"publish_at": None, "title": "The cellar"})
    assert (edited.json()["publish_at"], edited.json()["version"]) == (None, 2)
    assert publish_due(now=after(9000)) == 0
    assert house.writer.get(house.path).json()["status"] == "draft"
    house.writer.patch(house.path, {"publish_at": ahead(1)})
    assert publish_due(now=after(1)) == 1
    assert announced == [house.slug]
    late = house.writer.patch(house.path, {"publish_at": ahead(1)})
    assert (late.status_code, late.json()["code"]) == (409, "already-published")
    created = house.writer.post(
        f"/stories/{house.story}/chapters/{house.root}/children", chapter_body(publish_at=None)
    )
    assert created.status_code == 400


def test_a_draft_is_published_at_once_by_who_may_change_it(announced: list[str]) -> None:
    house = House()
    announced.clear()
    assert house.owner.post(f"{house.path}/publish").json()["status"] == "published"
    assert ANYONE.get(house.path).status_code == 200
    again = house.writer.post(f"{house.path}/publish")
    assert (again.status_code, again.json()["code"]) == (409, "already-published")
    assert publish_due(now=after(2)) == 0
    assert announced == [house.slug]


def test_nothing_follows_a_draft_and_it_holds_no_place() -> None:
    house = House()
    below = house.writer.post(f"{house.path}/children", chapter_body())
    assert (below.status_code, below.json()["code"]) == (409, "not-published-yet")
    leaf, node = (write_child(house.writer, house.story, house.root) for _ in range(2))
    write_child(house.owner, house.story, node)
    waiting = [
        write_child(house.writer, house.story, slug, publish_at=ahead(0.5)) for slug in (leaf, node)
    ]
    for slug, status in ((leaf, 404), (node, 200)):
        assert house.owner.delete(f"/stories/{house.story}/chapters/{slug}").status_code == 204
        assert ANYONE.get(f"/stories/{house.story}/chapters/{slug}").status_code == status
    assert publish_due(now=after(0.5)) == 0
    for slug in waiting:
        path = f"/stories/{house.story}/chapters/{slug}"
        shown = house.writer.get(path).json()
        assert (shown["status"], shown["publish_at"], shown["branch_index"]) == ("draft", None, -1)
        refused = house.writer.post(f"{path}/publish")
        assert (refused.status_code, refused.json()["code"]) == (409, "chapter-removed")
        assert house.writer.delete(path).status_code == 204
    assert publish_due(now=after(1)) == 1


def test_what_waits_stands_in_nobodys_way_and_comes_where_there_is_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("apps.chapters.documents.MOST_BRANCHES", 2)
    house = House()
    slugs = [house.slug]
    slugs += [write_child(house.writer, house.story, house.root, publish_at=ahead(1)) for _ in "12"]
    write_child(house.owner, house.story, house.root)
    assert publish_due(now=after(1)) == 1  # who waits longest comes first
    full = house.owner.post(
        f"/stories/{house.story}/chapters/{house.root}/children", chapter_body()
    )
    assert (full.status_code, full.json()["code"]) == (409, "no-more-branches")
    rest = Chapter.objects(story_slug=house.story, status="draft")
    assert {chapter.publish_at for chapter in rest} == {None}
    assert ANYONE.get(f"/stories/{house.story}/chapters/{slugs[0]}").status_code == 200
    refused = house.owner.post(f"/stories/{house.story}/chapters/{slugs[1]}/publish")
    assert (refused.status_code, refused.json()["code"]) == (409, "no-more-branches")


def test_a_first_chapter_that_waits_keeps_no_other_from_being_the_first() -> None:
    owner = sign_in()
    story = start_story(owner)
    member = join(owner, story, "contributor")
    waiting = write_root(member, story, publish_at=ahead(1))
    root = write_root(owner, story)
    assert publish_due(now=after(1)) == 0
    refused = member.post(f"/stories/{story}/chapters/{waiting}/publish")
    assert (refused.status_code, refused.json()["code"]) == (409, "root-exists")
    late = member.post(f"/stories/{story}/chapters", chapter_body(publish_at=ahead(1)))
    assert (late.status_code, late.json()["code"]) == (409, "root-exists")
    assert owner.get(f"/stories/{story}/chapters/{root}").json()["branch_index"] == 0


def test_co_authors_find_what_waits_and_nobody_fills_a_story_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(growing, "MOST_WAITING", 2)
    house = House()
    second = write_child(house.writer, house.story, house.root, publish_at=ahead(1))
    path = f"/stories/{house.story}/chapters/{house.root}/children"
    refused = house.writer.post(path, chapter_body(publish_at=ahead(1)))
    assert (refused.status_code, refused.json()["code"]) == (409, "too-many-waiting")
    write_child(house.writer, house.story, house.root)  # what does not wait may come
    mine = [write_child(house.owner, house.story, house.root, publish_at=ahead(1)) for _ in "123"]
    listed = f"/stories/{house.story}/waiting"
    page = house.owner.get(f"{listed}?limit=3").json()
    rest = house.owner.get(f"{listed}?limit=3&cursor={page['next_cursor']}").json()
    found = page["items"] + rest["items"]
    assert [row["slug"] for row in found] == [*reversed(mine), second, house.slug]
    assert (rest["has_more"], found[-1]["author"]["user_id"]) == (False, house.writer.user_id)
    assert "content" not in found[0]
    assert house.owner.delete(f"/stories/{house.story}/chapters/{second}").status_code == 204
    write_child(house.writer, house.story, house.root, publish_at=ahead(1))


def test_an_autosave_becomes_a_chapter_that_waits_and_shows_nobody_elses() -> None:
    house = House()
    place = {"story_slug": house.story, "kind": "update_chapter", "chapter_slug": house.slug}
    text = {"title": "The cellar", "content": chapter_body()["content"]}
    assert sign_in().send("PUT", "/autosaves", place | text).status_code == 404
    saved = house.writer.send("PUT", "/autosaves", place | text).json()["id"]
    edited = house.writer.post(f"/autosaves/{saved}/convert")
    assert (edited.status_code, edited.json()["status"]) == (201, "draft")
    place = {"story_slug": house.story, "kind": "new_chapter", "parent_slug": house.root}
    saved = house.writer.send("PUT", "/autosaves", place | text).json()["id"]
    made = house.writer.post(f"/autosaves/{saved}/convert", {"publish_at": ahead(1)})
    assert (made.status_code, made.json()["status"]) == (201, "draft")
    assert house.read() == house.before


def test_a_draft_that_is_deleted_counted_for_nothing() -> None:
    house = House()
    assert house.writer.delete(house.path).status_code == 204
    assert house.read() == house.before
    assert publish_due(now=after(2)) == 0
    assert Chapter.objects(slug=house.root).get().stats.child_branches == 0


def test_a_story_whose_first_chapter_waits_has_none_yet() -> None:
    owner = sign_in()
    story = start_story(owner)
    root = write_root(owner, story, publish_at=ahead(1))
    refused = owner.post(f"/stories/{story}/publish")
    assert (refused.status_code, list(refused.json()["errors"])) == (409, ["chapters"])
    assert publish_due(now=after(1)) == 1
    publish(owner, story)
    assert ANYONE.get(f"/stories/{story}/chapters/{root}").status_code == 200


@pytest.mark.parametrize("end", ["deleted", "banned", "closed", "platform"])
def test_a_writer_without_a_part_in_the_story_any_more_waits_in_vain(
    announced: list[str], end: str
) -> None:
    house = House()
    story = Story.objects(slug=house.story).first()
    if end == "deleted":
        story.turn(status="deleted", now=after(0))
    elif end == "closed":
        story.revise(changes={"settings": {"is_public": False}}, now=after(0))
    elif end == "platform":
        ban = {"user_id": house.writer.user_id, "banned_by": "x", "banned_at": after(0)}
        PlatformBan(reason="spam", **ban).save()
    else:
        ban = {"user_id": house.writer.user_id, "banned_by": "x", "banned_at": after(0)}
        StoryBan(story_slug=house.story, **ban).save()
    announced.clear()
    assert publish_due(now=after(1)) == 0
    chapter = Chapter.objects(slug=house.slug).get()
    assert (chapter.status, chapter.publish_at, announced) == ("draft", None, [])


NO_MORE = {
    "approval": ({"require_approval": True}, "approval-required"),
    "branching": ({"allow_branching": False}, "story-forbidden"),
    "removed": ({"allow_branching": False}, "story-forbidden"),
    "demoted": ({"require_approval": True}, "approval-required"),
}
OPEN = {"require_approval": False, "allow_branching": True}


def close_to_writer(house: House, how: str) -> None:
    """Let the owner change the settings, or the part that the writer has in the story as well."""
    story = f"/stories/{house.story}"
    part = f"{story}/collaborators/{house.writer.user_id}"
    assert house.owner.patch(f"{story}/settings", NO_MORE[how][0]).status_code == 200
    if how == "removed":
        assert house.owner.delete(part).status_code == 204
    elif how == "demoted":
        assert house.owner.patch(part, {"role": "moderator"}).status_code == 200


@pytest.mark.parametrize("how", NO_MORE)
def test_what_its_author_may_write_no_more_appears_at_neither_door(
    announced: list[str], how: str
) -> None:
    house = House()
    if how in ("removed", "demoted"):
        house.writer = join(house.owner, house.story, "co_author")
    slugs = [
        write_child(house.writer, house.story, house.root, publish_at=ahead(0.5)) for _ in range(2)
    ]
    close_to_writer(house, how)
    announced.clear()
    first, second = (f"/stories/{house.story}/chapters/{slug}" for slug in slugs)
    refused = house.writer.post(f"{first}/publish")
    assert (refused.status_code, refused.json()["code"]) == (403, NO_MORE[how][1])
    assert (publish_due(now=after(0.5)), announced) == (0, [])
    for chapter in Chapter.objects(slug__in=slugs):
        assert (chapter.status, chapter.publish_at) == ("draft", None)
    assert house.owner.post(f"{first}/publish").status_code == 200  # who approves of it by that
    assert house.writer.post(f"{second}/publish").status_code == 403
    assert house.owner.patch(f"/stories/{house.story}/settings", OPEN).status_code == 200
    assert house.writer.post(f"{second}/publish").status_code == 200
    assert announced == slugs


def test_many_are_published_in_bounded_steps_the_longest_due_first(
    announced: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "PUBLISHED_AT_ONCE", 2)
    house = House(hours=3)
    first, second = (
        write_child(house.writer, house.story, house.root, publish_at=ahead(hours))
        for hours in (1, 2)
    )
    announced.clear()
    assert [publish_due(now=after(3)) for _ in range(3)] == [2, 1, 0]
    assert announced == [first, second, house.slug]
