"""Featured stories: chosen by staff on the command line, public ones only, newest first."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from tests.factories import Caller, published_story, sign_in, start_story

ANYONE = Caller()


def shown(query: str = "") -> list[str]:
    answer = ANYONE.get(f"/stories/featured{query}")
    assert answer.status_code == 200
    return [item["slug"] for item in answer.json()["items"]]


def test_staff_chooses_them_and_readers_see_it_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    author = sign_in()
    older, newer, other = (published_story(author, title=f"Lamp {n}")[0] for n in range(3))
    assert shown() == []
    call_command("feature_story", older, newer)
    assert shown() == [newer, older]
    first = ANYONE.get("/stories/featured?limit=1").json()
    assert shown(f"?limit=1&cursor={first['next_cursor']}") == [older]
    assert author.get(f"/stories/{older}").json()["is_featured"]
    assert author.post(f"/stories/{newer}/archive").status_code == 200
    assert shown() == [older]
    call_command("feature_story", older, "--off")
    assert shown() == []
    assert f"no longer featured: {older}" in capsys.readouterr().out
    assert other not in shown()


def test_what_not_everybody_reads_is_not_featured_and_no_part_in_a_story_allows_it() -> None:
    author = sign_in()
    draft = start_story(author)
    for slug in (draft, "nowhere"):
        with pytest.raises(CommandError, match=slug):
            call_command("feature_story", slug)
    assert author.patch(f"/stories/{draft}", {"is_featured": True}).status_code == 400
