"""Drafts over HTTP: one a place, read by their writer only, turned into chapters once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.http import HttpResponse

from apps.autosaves import limits
from apps.autosaves import services as drafts
from apps.chapters.autosaves import ChapterAutosave
from apps.chapters.documents import Chapter
from tests.factories import (
    PARAGRAPH,
    Caller,
    join,
    published_story,
    sign_in,
    start_story,
    write_child,
    write_root,
)


def save(writer: Caller, story: str, kind: str = "root_chapter", **more: Any) -> HttpResponse:
    headers = more.pop("headers", {})
    body = {"story_slug": story, "kind": kind, **more}
    return writer.send("PUT", "/autosaves", body, **headers)


def saved(*args: Any, **more: Any) -> dict[str, Any]:
    answer = save(*args, **more)
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def listed(writer: Caller, query: str = "") -> list[str]:
    return [draft["id"] for draft in writer.get(f"/autosaves{query}").json()["items"]]


def test_a_place_has_one_draft_that_is_saved_over_and_over() -> None:
    writer = sign_in()
    story = start_story(writer)
    first = saved(writer, story, content="It w")
    again = saved(writer, story, content="It was dark.", title="Dark")
    assert (again["id"], again["save_count"]) == (first["id"], 2)
    assert saved(writer, story, title="Darker")["content"] == "It was dark."
    assert writer.get(f"/autosaves/{first['id']}").json()["title"] == "Darker"
    assert listed(writer) == [first["id"]]


def test_drafts_are_their_writers_alone() -> None:
    writer, other = sign_in(), sign_in()
    story, root = published_story(writer)
    mine = saved(writer, story, "new_chapter", parent_slug=root)["id"]
    theirs = saved(other, story, "new_chapter", parent_slug=root)["id"]
    assert mine != theirs
    assert (listed(writer), listed(other)) == ([mine], [theirs])
    for verb, path in (("GET", ""), ("DELETE", ""), ("POST", "/convert")):
        assert other.send(verb, f"/autosaves/{mine}{path}").status_code == 404
    assert writer.delete(f"/autosaves/{mine}").status_code == 204
    assert (listed(writer), listed(other)) == ([], [theirs])


def test_the_list_is_walked_by_cursor_the_latest_first_and_by_story() -> None:
    writer = sign_in()
    story, root = published_story(writer)
    other = start_story(writer)
    ids = [
        saved(writer, story, "new_chapter", parent_slug=root)["id"],
        saved(writer, story, "update_chapter", chapter_slug=root)["id"],
        saved(writer, other)["id"],
    ]
    page = writer.get("/autosaves?limit=2").json()
    rest = writer.get(f"/autosaves?limit=2&cursor={page['next_cursor']}").json()
    assert [row["id"] for row in page["items"] + rest["items"]] == ids[::-1]
    assert "content" not in page["items"][0]
    assert listed(writer, f"?story_slug={other}") == ids[2:]


def test_two_tabs_that_begin_at_once_share_a_draft() -> None:
    writer = sign_in()
    story = start_story(writer)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda n: save(writer, story, content=f"tab {n}"), range(4)))
    assert {answer.status_code for answer in answers} == {200}
    (draft,) = ChapterAutosave.objects()
    assert draft.save_count == 4


def test_a_tab_that_has_not_seen_the_last_save_overwrites_nothing() -> None:
    writer = sign_in()
    story = start_story(writer)
    seen = save(writer, story, content="one")["ETag"]
    assert saved(writer, story, content="two", headers={"If-Match": seen})["save_count"] == 2
    late = save(writer, story, content="three", headers={"If-Match": seen})
    assert (late.status_code, late.json()["code"]) == (412, "precondition-failed")
    (draft,) = ChapterAutosave.objects()
    assert draft.content == "two"
    gone = writer.delete(f"/autosaves/{draft.pk}", **{"If-Match": seen})
    assert gone.status_code == 412


def test_drafts_of_all_kinds_become_what_they_were_written_for() -> None:
    writer = sign_in()
    story = start_story(writer)
    text = {"title": "The stairs", "content": PARAGRAPH}
    first = saved(writer, story, **text)["id"]
    root = writer.post(f"/autosaves/{first}/convert", {"is_ending": False})
    assert root.status_code == 201, root.content
    slug = root.json()["slug"]
    assert root["Location"] == f"/api/v1/stories/{story}/chapters/{slug}"
    second = saved(writer, story, "new_chapter", parent_slug=slug, **text)["id"]
    child = writer.post(f"/autosaves/{second}/convert", {"choice_text": "Go up"}).json()
    assert child["parent_slug"] == slug
    shown = writer.get(f"/stories/{story}/chapters/{slug}").json()
    assert shown["choices"] == [{"text": "Go up", "chapter_slug": child["slug"]}]
    third = saved(writer, story, "update_chapter", chapter_slug=slug, title="Up", content=PARAGRAPH)
    edited = writer.post(f"/autosaves/{third['id']}/convert", {"reason": "Shorter"}).json()
    assert (edited["title"], edited["version"]) == ("Up", 2)
    assert listed(writer) == []


def test_a_draft_is_converted_once_however_often_it_is_sent() -> None:
    writer = sign_in()
    story, root = published_story(writer)
    draft = saved(writer, story, "new_chapter", parent_slug=root, title="On", content=PARAGRAPH)[
        "id"
    ]
    with ThreadPoolExecutor(4) as pool:
        answers = pool.map(lambda _: writer.post(f"/autosaves/{draft}/convert").status_code, "1234")
        assert sorted(answers) == [201, 404, 404, 404]
    assert Chapter.objects(parent_slug=root).count() == 1


def test_a_converted_draft_is_answered_again_under_its_key() -> None:
    writer = sign_in()
    story = start_story(writer)
    draft = saved(writer, story, title="On", content=PARAGRAPH)["id"]
    key = {"Idempotency-Key": "k1"}
    made = writer.post(f"/autosaves/{draft}/convert", **key)
    again = writer.post(f"/autosaves/{draft}/convert", **key)
    assert (again.status_code, again.content) == (201, made.content)


@pytest.mark.parametrize(
    ("text", "more", "field"),
    [
        ({"title": "", "content": PARAGRAPH}, {}, "title"),
        ({"title": "On", "content": "short"}, {}, "content"),
        ({"title": "On", "content": " \n" * 25}, {}, "content"),
        (
            {"title": "On", "content": PARAGRAPH},
            {"choice_text": "a way to the root"},
            "choice_text",
        ),
        ({"title": "On", "content": PARAGRAPH}, {"is_ending": {"$ne": 1}}, "is_ending"),
    ],
)
def test_what_is_no_whole_chapter_stays_a_draft(
    text: dict[str, str], more: dict[str, Any], field: str
) -> None:
    writer = sign_in()
    draft = saved(writer, start_story(writer), **text)["id"]
    answer = writer.post(f"/autosaves/{draft}/convert", more)
    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == {field}
    assert listed(writer) == [draft]
    assert Chapter.objects().count() == 0


def test_an_edit_of_a_text_that_moved_on_is_refused_and_kept() -> None:
    owner = sign_in()
    story, root = published_story(owner)
    co_author = join(owner, story, "co_author")
    mine = saved(
        co_author, story, "update_chapter", chapter_slug=root, title="A", content=PARAGRAPH
    )
    owner.patch(f"/stories/{story}/chapters/{root}", {"title": "B"})
    answer = co_author.post(f"/autosaves/{mine['id']}/convert")
    assert (answer.status_code, answer.json()["code"]) == (409, "version-moved")
    assert listed(co_author) == [mine["id"]]


def test_a_story_that_may_not_be_seen_takes_no_draft() -> None:
    owner, stranger = sign_in(), sign_in()
    story = start_story(owner)
    root = write_root(owner, story)
    hidden = save(stranger, story, "new_chapter", parent_slug=root)
    absent = save(stranger, "no-such-story", "new_chapter", parent_slug=root)
    assert hidden.status_code == absent.status_code == 404
    assert hidden.json()["detail"] == absent.json()["detail"]
    assert save(owner, story, "new_chapter", parent_slug="nowhere").status_code == 404
    child = write_child(owner, story, root)
    owner.delete(f"/stories/{story}/chapters/{child}")
    assert save(owner, story, "new_chapter", parent_slug=child).status_code == 404
    assert ChapterAutosave.objects().count() == 0


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "poem"}, "kind"),
        ({"kind": "new_chapter"}, "parent_slug"),
        ({"kind": "update_chapter"}, "chapter_slug"),
        ({"parent_slug": "x"}, "parent_slug"),
        ({"content": "x" * 80_001}, "content"),
        ({"title": "x" * 201}, "title"),
        ({"title": "two\nlines"}, "title"),
        ({"story_slug": {"$ne": ""}}, "story_slug"),
        ({"save_count": 7}, "save_count"),
    ],
)
def test_bad_input_is_named_and_nothing_is_kept(body: dict[str, Any], field: str) -> None:
    good = {"story_slug": "s", "kind": "root_chapter"}
    answer = sign_in().send("PUT", "/autosaves", good | body)
    assert answer.status_code == 400
    assert field in answer.json()["errors"]
    assert ChapterAutosave.objects().count() == 0


def test_nobody_keeps_more_drafts_than_one_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafts, "MOST_DRAFTS", 1)
    writer = sign_in()
    story, root = published_story(writer)
    saved(writer, story, "new_chapter", parent_slug=root)
    answer = save(writer, story, "update_chapter", chapter_slug=root)
    assert (answer.status_code, answer.json()["code"]) == (409, "too-many-drafts")
    saved(writer, story, "new_chapter", parent_slug=root, content="still saved")
    assert limits.MOST_DRAFTS > 1
