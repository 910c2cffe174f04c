"""Links across a story's tree: laid and taken away over HTTP, and what becomes of either end."""

from __future__ import annotations

import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from apps.chapters import linking
from apps.chapters.documents import Chapter
from apps.chapters.limits import MOST_LINKS, NAMELESS
from apps.imports.services import import_story
from tests.factories import (
    Caller,
    join,
    publish,
    published_story,
    sign_in,
    start_story,
    write_child,
    write_root,
)
from tests.integration.test_exports_api import export_root, fetch, made

__all__ = ["export_root"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("export_root")]
ANYONE = Caller()
ROUND = {"text": "Go round"}


class House:
    """A story of a root with two ways on, the left by a writer who goes on there himself."""

    def __init__(self) -> None:
        self.owner, self.writer = sign_in("owner"), sign_in("writer")
        self.story, self.root = published_story(self.owner)
        self.left = write_child(self.writer, self.story, self.root, title="Left")
        self.right = write_child(self.owner, self.story, self.root, title="Right")
        self.end = write_child(self.writer, self.story, self.left, title="The end")

    def page(self, chapter: str) -> str:
        return f"/stories/{self.story}/chapters/{chapter}"

    def link(self, start: str, target: str) -> str:
        return f"{self.page(start)}/links/{target}"

    def lay(self, start: str, target: str, text: str = "Go round") -> None:
        answer = self.owner.send("PUT", self.link(start, target), {"text": text})
        assert answer.status_code == 200, answer.content

    def ways(self, chapter: str, who: Caller = ANYONE) -> list[tuple[str, str]]:
        """Return the ways on from a chapter, as the second of two readers gets them."""
        pages = [who.get(self.page(chapter)) for _ in range(2)]
        assert pages[0].content == pages[1].content
        return [(way["text"], way["chapter_slug"]) for way in pages[1].json()["choices"]]

    def remove(self, chapter: str) -> None:
        assert self.owner.delete(self.page(chapter)).status_code == 204


@pytest.fixture
def house() -> House:
    return House()


def refused(answer: Any, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.content


def test_a_link_is_laid_labelled_anew_and_taken_away_and_each_shows_at_once(house: House) -> None:
    down = ("The end", house.end)
    assert house.ways(house.left) == [down]
    read = house.writer.get(house.page(house.left))
    first = house.writer.send("PUT", house.link(house.left, house.right), ROUND)
    assert (first.status_code, first["ETag"][:3]) == (200, '"1-')  # no other version of the text
    assert first.json()["choices"][1] == {"text": "Go round", "chapter_slug": house.right}
    assert house.ways(house.left) == [down, ("Go round", house.right)]
    made_on = {"If-Match": read["ETag"]}
    for _ in range(2):
        path = house.link(house.left, house.right)
        again = house.owner.send("PUT", path, {"text": "Up"}, **made_on)
        assert again.status_code == 200, again.content
    house.lay(house.end, house.root, "Again")  # up the tree, as in a loop
    assert house.ways(house.left) == [down, ("Up", house.right)]
    assert house.ways(house.end) == [("Again", house.root)]
    assert house.writer.delete(house.link(house.left, house.right)).status_code == 204
    assert house.ways(house.left) == [down]
    refused(house.writer.delete(house.link(house.left, house.right)), 404, "link-not-found")
    told = house.owner.get(f"/stories/{house.story}/timeline").json()["items"]
    links = [(m["kind"], m["actor"]["user_id"], m["details"]) for m in told[:4]]
    writer, owner = house.writer.user_id, house.owner.user_id
    about = {"title": "Left", "target": house.right}
    assert links == [
        ("chapter_unlinked", writer, about),
        ("chapter_linked", owner, {"title": "The end", "target": house.root, "label": "Again"}),
        ("chapter_linked", owner, {**about, "label": "Up"}),  # once, as the second changed nothing
        ("chapter_linked", writer, {**about, "label": "Go round"}),
    ]


def test_a_link_leads_to_what_its_readers_have_of_the_same_story_and_not_below(
    house: House,
) -> None:
    at = (timezone.now() + timedelta(days=1)).isoformat()
    hidden = write_child(house.writer, house.story, house.right, publish_at=at)
    other = start_story(house.owner, title="Another")
    elsewhere = write_root(house.owner, other)
    publish(house.owner, other)
    write_child(house.owner, house.story, house.right)
    house.remove(house.right)
    stranger = join(house.owner, house.story, "moderator")
    his = write_child(stranger, house.story, house.end)
    unknown = stranger.send("PUT", house.link(his, "no-such-chapter"), ROUND)
    for target, status, code in (
        (his, 409, "wrong-link"),
        (house.right, 409, "chapter-removed"),
        (hidden, 404, "chapter-not-found"),
        (elsewhere, 404, "chapter-not-found"),
    ):
        answer = stranger.send("PUT", house.link(his, target), ROUND)
        refused(answer, status, code)
        if status == 404:
            assert {**answer.json(), "instance": "", "request_id": ""} == {
                **unknown.json(),
                "instance": "",
                "request_id": "",
            }
        assert stranger.delete(house.link(his, target)).json()["code"] == "link-not-found"
    for who, start, target, code in (
        (house.writer, house.end, hidden, "not-published-yet"),
        (house.owner, house.left, house.end, "wrong-link"),
        (house.owner, house.right, house.end, "chapter-removed"),
    ):
        refused(who.send("PUT", house.link(start, target), ROUND), 409, code)
    for target, means in ((house.left, "another chapter"), (house.end, "below it")):
        answer = house.writer.send("PUT", house.link(house.left, target), ROUND)
        refused(answer, 409, "wrong-link")
        assert means in answer.json()["detail"], "each is told what is wrong with it"
    refused(house.owner.delete(house.link(house.left, house.end)), 404, "link-not-found")
    assert house.ways(his) == []
    assert house.ways(house.left) == [("The end", house.end)]


def test_links_are_the_authors_and_the_co_authors_to_lay(house: House) -> None:
    co_author, moderator = (join(house.owner, house.story, r) for r in ("co_author", "moderator"))
    path = house.link(house.left, house.right)
    for who in (moderator, sign_in("stranger")):
        refused(who.send("PUT", path, ROUND), 403, "chapter-forbidden")
        refused(who.delete(path), 403, "chapter-forbidden")
    assert ANYONE.send("PUT", path, ROUND).status_code == 401
    stale = {"If-Match": '"7-00"'}
    for verb in ("PUT", "DELETE"):
        refused(house.writer.send(verb, path, ROUND, **stale), 412, "precondition-failed")
    for text in ("", " ", "One\nTwo", "x" * 301, None, {"$ne": ""}):
        answer = house.writer.send("PUT", path, {"text": text})
        assert "text" in answer.json()["errors"], text
    assert house.ways(house.left) == [("The end", house.end)]
    assert co_author.send("PUT", path, {"text": "x" * 300}).status_code == 200


def test_a_draft_is_linked_by_its_author_and_its_links_appear_with_it(house: House) -> None:
    at = (timezone.now() + timedelta(days=1)).isoformat()
    draft = write_child(house.writer, house.story, house.end, publish_at=at)
    assert house.writer.send("PUT", house.link(draft, house.right), ROUND).status_code == 200
    assert house.writer.send("PUT", house.link(draft, house.root), ROUND).status_code == 200
    house.remove(house.right)  # a leaf, to which the draft's link led
    assert house.ways(draft, house.writer) == [("Go round", house.root)]
    assert house.writer.post(f"{house.page(draft)}/publish").status_code == 200
    assert house.ways(draft) == [("Go round", house.root)]


def test_a_chapter_has_so_many_links_and_no_more_whoever_lays_them_at_once(
    house: House, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MOST_LINKS == 10
    settings.UNIT_OF_WORK_SECONDS = 30  # all wait for one another on a busy machine
    monkeypatch.setattr(linking, "MOST_LINKS", 3)
    targets = [write_child(house.owner, house.story, house.right) for _ in range(5)]

    def lay(target: str) -> int:
        path = house.link(house.left, target)
        return int(house.owner.send("PUT", path, ROUND).status_code)

    with ThreadPoolExecutor(5) as pool:
        codes = list(pool.map(lay, targets))
    assert sorted(codes) == [200] * 3 + [409] * 2
    laid = [target for target, code in zip(targets, codes, strict=True) if code == 200]
    assert sorted(slug for _, slug in house.ways(house.left)) == sorted([house.end, *laid])
    one_more = house.owner.send("PUT", house.link(house.left, house.root), ROUND)
    refused(one_more, 409, "no-more-links")
    house.lay(house.left, laid[0], "Another label")
    assert house.owner.delete(house.link(house.left, laid[1])).status_code == 204
    house.lay(house.left, house.root)
    write_child(house.owner, house.story, house.left)  # its children are no links


def test_what_becomes_of_the_far_end_is_seen_by_the_next_reader(house: House) -> None:
    down, across = ("The end", house.end), ("Go round", house.right)
    house.lay(house.left, house.right)
    assert house.ways(house.left) == [down, across]
    answer = house.owner.patch(house.page(house.right), {"title": "The vault"})
    assert answer.status_code == 200
    assert house.ways(house.left) == [down, across]  # a label, as in a printed book
    below = write_child(house.owner, house.story, house.right, title="Below")
    house.remove(house.right)
    assert house.ways(house.left) == [down, across]
    gone = ANYONE.get(house.page(house.right)).json()
    assert (gone["status"], gone["content"]) == ("removed", "")
    assert house.ways(house.right) == [("Below", below)]
    house.lay(house.left, below, "Far down")
    house.remove(below)
    assert house.ways(house.left) == [down]  # with the last one below it that went as well
    assert ANYONE.get(house.page(below)).status_code == 404
    assert house.owner.post(f"/stories/{house.story}/archive").status_code == 200
    assert [ANYONE.get(house.page(c)).status_code for c in (house.left, house.right)] == [404, 404]


def test_a_removed_chapter_takes_all_its_words_along(house: House) -> None:
    house.lay(house.left, house.right)
    house.lay(house.right, house.left, "To the left")
    assert house.ways(house.root) == [("Left", house.left), ("Right", house.right)]
    house.remove(house.left)
    assert house.ways(house.left) == [("The end", house.end)]
    assert house.ways(house.root) == [(NAMELESS, house.left), ("Right", house.right)]
    assert house.ways(house.right) == [("To the left", house.left)]  # which another has written
    house.remove(house.root)  # to which no way leads
    assert house.ways(house.root) == [(NAMELESS, house.left), ("Right", house.right)]


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_link_and_the_removal_of_its_far_end_at_once_leave_no_way_to_nowhere(
    house: House, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """Somebody removes the far end when the link's writer has seen it, and has not committed."""
    pool, removals = ThreadPoolExecutor(1), []
    see, lead = linking._refuse_as_target, Chapter.lead

    def remove() -> None:
        if not removals:
            removals.append(pool.submit(house.remove, house.right))

    def see_and_remove(*ends: Chapter) -> None:
        see(*ends)
        if moment == "before":
            remove()
            removals[0].result()

    def lead_and_remove(chapter: Chapter, **way: str) -> None:
        lead(chapter, **way)
        remove()

    monkeypatch.setattr(linking, "_refuse_as_target", see_and_remove)
    monkeypatch.setattr(Chapter, "lead", lead_and_remove)
    answer = house.owner.send("PUT", house.link(house.left, house.right), ROUND)
    removals[0].result()
    pool.shutdown()
    assert answer.status_code == (404 if moment == "before" else 200), answer.content
    assert ANYONE.get(house.page(house.right)).status_code == 404
    assert house.ways(house.left) == [("The end", house.end)]


TWEE = b""":: StoryTitle
The loop

:: Start
A hall. [[In->Cellar]] [[Out->Garden]]

:: Cellar
Dark. [[Out->Garden]] [[Out again->Garden]]

:: Garden
Green.
"""


def test_what_an_import_has_linked_is_labelled_anew_and_taken_away_like_any_link() -> None:
    owner = sign_in()
    result = import_story(data=TWEE, author_id=str(owner.user_id), now=timezone.now())
    place = f"/stories/{result.story_slug}/chapters"
    named = {row["title"]: row["slug"] for row in owner.get(place).json()["items"]}
    path = f"{place}/{named['Cellar']}/links/{named['Garden']}"

    def ways() -> list[str]:
        return [way["text"] for way in owner.get(f"{place}/{named['Cellar']}").json()["choices"]]

    assert ways() == ["Out", "Out again"]
    assert owner.send("PUT", path, {"text": "Up"}).status_code == 200
    assert ways() == ["Up", "Out again"]
    assert owner.delete(path).status_code == 204
    assert ways() == []


def test_books_follow_links(house: House) -> None:
    house.lay(house.end, house.right)
    text = fetch(made(house.owner, house.story, format="markdown")["file_url"]).body.decode()
    assert "](#chapter-4)" in text.partition("The end")[2]  # root, Left, The end, Right
    assert text.count("[Go round](#chapter-4)") == 1
    twee = fetch(made(house.owner, house.story, format="twee")["file_url"]).body.decode()
    assert "[[Go round->Right]]" in twee.partition(":: The end")[2].partition("\n::")[0]
    body = fetch(made(house.owner, house.story, format="epub")["file_url"]).body
    with zipfile.ZipFile(BytesIO(body)) as book:
        pages = [book.read(n).decode() for n in book.namelist() if n.endswith(".xhtml")]
    [page] = [page for page in pages if "Go round</a>" in page]
    target = page.partition("Go round</a>")[0].rpartition('href="')[2].partition('"')[0]
    assert target.partition("#")[2] == "chapter-4"
    path = [house.root, house.left, house.end, house.right]  # which a reader can take
    assert made(house.owner, house.story, format="markdown", path=path)["status"] == "done"
