"""A reader's own side of a story: his part, and what of his is not public yet."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from tests.factories import PARAGRAPH, Caller, chapter_body, join, published_story, sign_in


def overlay(reader: Caller, story: str) -> dict[str, Any]:
    answer = reader.get(f"/stories/{story}/me")
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
