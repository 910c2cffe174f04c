"""A reader's own side of a story: his part, and what of his is not public yet."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.reading import queries
from apps.reading.limits import MOST_NAMED
from apps.votes import queries as votes
from apps.votes.documents import Vote
from tests.factories import (
    PARAGRAPH,
    Caller,
    chapter_body,
    join,
    published_story,
    sign_in,
    write_child,
)


def overlay(reader: Caller, story: str, query: str = "") -> dict[str, Any]:
    answer = reader.get(f"/stories/{story}/me{query}")
    assert (answer.status_code, answer["Cache-Control"]) == (200, "private, no-store")
    found: dict[str, Any] = answer.json()
    return found


def names(page: dict[str, Any]) -> tuple[list[str], list[str], list[str]]:
    waiting, autosaves, pulls = page["waiting"], page["autosaves"], page["pulls"]
    return [c["title"] for c in waiting], [a["title"] for a in autosaves], [p["id"] for p in pulls]


def test_it_shows_the_callers_part_and_texts_and_nobody_elses() -> None:
    owner, reader = sign_in(), sign_in()
    story, root = published_story(owner)
    assert names(overlay(reader, story)) == ([], [], [])
    assert (overlay(owner, story)["role"], overlay(reader, story)["role"]) == ("owner", None)
    at = (timezone.now() + timedelta(days=1)).isoformat()
    later = chapter_body(title="Later", publish_at=at)
    answer = owner.post(f"/stories/{story}/chapters/{root}/children", later)
    assert answer.status_code == 201, answer.content
    draft = {"story_slug": story, "kind": "update_chapter", "chapter_slug": root, "title": "Half"}
    reader.send("PUT", "/autosaves", draft)
    proposal: dict[str, Any] = {
        "kind": "edit",
        "chapter_slug": root,
        "title": "Better",
        "content": PARAGRAPH * 2,
    }
    proposal["base_version"] = 1
    made = reader.post(f"/stories/{story}/pulls", proposal)
    assert made.status_code == 201, made.content
    pull = made.json()["id"]
    assert names(overlay(owner, story)) == (["Later"], [], [])
    assert names(overlay(reader, story)) == ([], ["Half"], [pull])
    owner.post(f"/pulls/{pull}/close")
    assert names(overlay(reader, story)) == ([], ["Half"], [])


def test_it_follows_the_callers_part() -> None:
    owner = sign_in()
    story, _ = published_story(owner)
    guest = join(owner, story, "reviewer")
    assert overlay(guest, story)["role"] == "reviewer"
    guest.delete(f"/stories/{story}/collaborators/{guest.user_id}")
    assert overlay(guest, story)["role"] is None


def test_a_page_has_all_votes_and_bookmarks_at_what_it_names_however_many_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(votes, "MOST_SHOWN", 2)
    monkeypatch.setattr(queries, "MOST", 1)
    author, reader, other = sign_in("author"), sign_in("reader"), sign_in("other")
    story, root = published_story(author)
    chapters = [root, *(write_child(author, story, root, title=f"No. {n}") for n in range(2))]
    said = author.post(f"/stories/{story}/chapters/{root}/comments", {"content": "So be it."})
    comment = said.json()["id"]
    base = f"/stories/{story}"
    for who, value in ((reader, 1), (other, -1)):
        for path in (base, *(f"{base}/chapters/{one}" for one in chapters), f"/comments/{comment}"):
            assert who.send("PUT", f"{path}/vote", {"value": value}).status_code == 200
    for one in chapters:
        reader.send("PUT", f"{base}/chapters/{one}/bookmark", {"shelf": "later"})

    newest = overlay(reader, story)
    assert (len(newest["votes"]), newest["has_more_votes"]) == (2, True)
    assert (len(newest["bookmarks"]), newest["has_more_bookmarks"]) == (1, True)
    named = overlay(reader, story, f"?chapters={root},{chapters[1]},no-such,{root}")
    assert {(v["kind"], v["key"], v["value"]) for v in named["votes"]} == {
        ("story", story, 1),
        ("chapter", root, 1),
        ("chapter", chapters[1], 1),
    }
    assert {b["chapter"]["slug"] for b in named["bookmarks"]} == set(chapters[:2])
    assert not named["has_more_votes"] | named["has_more_bookmarks"]
    said = overlay(reader, story, f"?comments={comment}")
    assert [v["key"] for v in said["votes"]] == [story, comment]
    assert len(said["bookmarks"]) == 1
    # nor is what another has, nor what is of another story, whatever it is called
    elsewhere, there = published_story(sign_in())
    reader.send("PUT", f"/stories/{elsewhere}/chapters/{there}/vote", {"value": 1})
    forged = f"{root}:x"
    Vote(
        vote_id=f"chapter:{forged}:{reader.user_id}",
        user_id=f"x:{reader.user_id}",
        kind="chapter",
        key=root,
        story_slug=story,
        value=-1,
        voted_at=timezone.now(),
    ).save(force_insert=True)
    hidden = overlay(reader, story, f"?chapters={there},{forged}")
    assert [v["key"] for v in hidden["votes"]] == [story]
    most = ",".join(f"c-{n}" for n in range(MOST_NAMED))
    assert overlay(reader, story, f"?chapters={most}")["bookmarks"] == []
    for query in (f"chapters={most},one", f"comments={most},one", f"chapters={'x' * 81}"):
        answer = reader.get(f"/stories/{story}/me?{query}")
        assert answer.status_code == 400, query
        assert set(answer.json()["errors"]) == {query.partition("=")[0]}
