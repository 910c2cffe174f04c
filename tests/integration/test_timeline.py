"""A story's timeline: everything that its team does to it, in the unit of work that does it."""

from __future__ import annotations

from typing import Any

import pytest

from apps.stories import services
from apps.stories.documents import Moment
from storychain.documents import unit_of_work
from tests.factories import (
    Caller,
    chapter_body,
    invite,
    join,
    published_story,
    sign_in,
    start_story,
    write_child,
)


def timeline(reader: Caller, story: str, query: str = "") -> list[dict[str, Any]]:
    answer = reader.get(f"/stories/{story}/timeline{query}")
    assert answer.status_code == 200, answer.content
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def kinds(reader: Caller, story: str) -> list[str]:
    return [moment["kind"] for moment in reversed(timeline(reader, story, "?limit=100"))]


def test_it_tells_everything_that_was_done_by_whom_and_to_what() -> None:
    owner = sign_in()
    story, root = published_story(owner)
    place = f"/stories/{story}/chapters"
    child = write_child(owner, story, root, title="The attic")
    owner.patch(f"{place}/{child}", {"title": "The loft"})
    owner.patch(f"{place}/{child}", {"choice_text": "Up"})
    for verb in ("PUT", "DELETE"):
        owner.send(verb, f"{place}/{child}/links/{root}", {"text": "Back"})
    owner.post(f"{place}/{child}/rollback", {"version": 1})
    owner.delete(f"{place}/{child}")
    owner.patch(f"/stories/{story}", {"title": "The lantern", "settings": {"genres": ["gothic"]}})
    guest = join(owner, story, "reviewer")
    part = f"/stories/{story}/collaborators/{guest.user_id}"
    owner.patch(part, {"role": "moderator"})
    guest.delete(part)
    other = sign_in()
    invite(owner, story, other)
    other.post(f"/stories/{story}/invitation/decline")
    third = join(owner, story, "contributor")
    owner.delete(f"/stories/{story}/collaborators/{third.user_id}")
    for step in ("archive", "unarchive"):
        owner.post(f"/stories/{story}/{step}")
    assert kinds(owner, story) == [
        "story_created",
        "chapter_added",
        "story_published",
        "chapter_added",
        "chapter_edited",
        "chapter_relabelled",
        "chapter_linked",
        "chapter_unlinked",
        "chapter_rolled_back",
        "chapter_removed",
        "story_edited",
        "member_invited",
        "member_joined",
        "role_changed",
        "member_left",
        "member_invited",
        "member_declined",
        "member_invited",
        "member_joined",
        "member_removed",
        "story_archived",
        "story_unarchived",
    ]
    told = {moment["kind"]: moment for moment in timeline(owner, story)}
    assert told["story_edited"]["details"] == {"fields": ["settings.genres", "title"]}
    assert told["chapter_removed"]["details"] == {"title": "The attic"}
    assert told["chapter_relabelled"]["details"] == {"title": "The loft", "label": "Up"}
    assert told["chapter_linked"]["details"] == {
        "title": "The loft",
        "target": root,
        "label": "Back",
    }
    assert told["chapter_unlinked"]["details"] == {"title": "The loft", "target": root}
    assert told["chapter_rolled_back"]["details"] == {"title": "The attic", "version": 3, "to": 1}
    assert told["member_left"]["user"]["user_id"] == guest.user_id
    assert told["member_removed"]["actor"]["user_id"] == owner.user_id


def test_what_is_refused_or_undone_leaves_nothing() -> None:
    owner, stranger = sign_in(), sign_in()
    story, root = published_story(owner)
    before = kinds(owner, story)
    assert stranger.patch(f"/stories/{story}", {"title": "Mine"}).status_code == 403
    assert stranger.patch(f"/stories/{story}/chapters/{root}", chapter_body()).status_code == 403

    @unit_of_work
    def edit_and_fail() -> None:
        now = Moment.objects.first().at
        services.edit_story(
            slug=story, caller_id=str(owner.user_id), changes={"title": "Lost"}, now=now
        )
        raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        edit_and_fail()
    assert kinds(owner, story) == before


def test_it_is_walked_by_cursor_and_for_the_team_only() -> None:
    owner = sign_in()
    story = start_story(owner)
    assert Caller().get(f"/stories/{story}/timeline").status_code == 401
    assert sign_in().get(f"/stories/{story}/timeline").status_code == 404
    open_story, root = published_story(owner)
    write_child(owner, open_story, root)
    assert sign_in().get(f"/stories/{open_story}/timeline").status_code == 403
    first = owner.get(f"/stories/{open_story}/timeline?limit=3")
    rest = timeline(owner, open_story, f"?limit=3&cursor={first.json()['next_cursor']}")
    assert [m["kind"] for m in [*first.json()["items"], *rest]] == kinds(owner, open_story)[::-1]
    assert len(rest) == 1
