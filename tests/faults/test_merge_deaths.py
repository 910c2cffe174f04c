"""Whoever dies while he merges a pull request, between any two writes, merged it or did not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from storychain.documents import ensure_indexes
from tests.factories import PARAGRAPH, Caller, propose, published_story, sign_in, unique
from tests.faults.mortals import Moment, moments, mortals


def traces(database: Any, pull_id: str) -> dict[str, int]:
    """Count everything that a merge leaves, by what it is."""
    pull = database["pull_requests"].find_one({"_id": pull_id})
    return {
        "merged": int(pull["status"] == "merged"),
        "event": database["pull_events"].count_documents({"pull_id": pull_id, "kind": "merged"}),
        "notice": sum("pr_merged" in row["payload"] for row in notices(database, pull_id)),
        **(of_edit(database, pull) if pull["kind"] == "edit" else of_chapter(database, pull_id)),
    }


def of_chapter(database: Any, pull_id: str) -> dict[str, int]:
    chapters = [row["_id"] for row in database["chapters"].find({"pull_id": pull_id})]
    of_chapters = {"chapter_slug": {"$in": chapters}}
    return {
        "chapter": len(chapters),
        "way": database["chapters"].count_documents({"choices.chapter_slug": {"$in": chapters}}),
        "moment": database["story_moments"].count_documents(of_chapters),
    }


def of_edit(database: Any, pull: Any) -> dict[str, int]:
    slug, base = pull["chapter_slug"], pull["base_version"]
    edited = {"chapter_slug": slug, "kind": "chapter_edited", "details.version": base + 1}
    now = {"_id": slug, "version": base + 1, "content": pull["content"]}
    return {
        "chapter": database["chapters"].count_documents(now),
        "kept": database["chapter_versions"].count_documents(
            {"chapter_slug": slug, "version": base}
        ),
        "moment": database["story_moments"].count_documents(edited),
    }


def notices(database: Any, pull_id: str) -> list[Any]:
    """Return what the outbox holds of what is told of a pull request; a payload is JSON."""
    return list(database["outbox"].find({"_id": {"$regex": f"^notice:pull:{pull_id}:"}}))


def edit(writer: Caller, story: str, root: str) -> str:
    """Let somebody propose another text for a chapter as it is now; return the request's id."""
    version = writer.get(f"/stories/{story}/chapters/{root}").json()["version"]
    made_on = {"kind": "edit", "chapter_slug": root, "base_version": version}
    body = {**made_on, "title": "Shorter", "content": unique(PARAGRAPH)}
    answer = writer.post(f"/stories/{story}/pulls", body)
    assert answer.status_code == 201, answer.content
    return str(answer.json()["id"])


@pytest.mark.parametrize("ask", [propose, edit])
def test_kill_9_between_any_two_writes_leaves_a_merge_whole_or_undone(
    mongo: Any, fresh_names: str, ask: Callable[[Caller, str, str], str]
) -> None:
    ensure_indexes()
    database = mongo[fresh_names]
    owner, writer = sign_in("owner"), sign_in("writer")
    story, root = published_story(owner)

    def approved() -> str:
        pull_id = ask(writer, story, root)
        answer = owner.post(f"/pulls/{pull_id}/reviews", {"verdict": "approve"})
        assert answer.status_code == 201, answer.content
        return pull_id

    deaths = {0: 0, 1: 0}
    with mortals(mongo) as children:

        def live(pull_id: str, *moment: Moment) -> str:
            """Let somebody merge it and die so; return what is to be merged next."""
            merger = {"pull_id": pull_id, "caller_id": owner.user_id}
            children.do("apps.pulls.merging.merge_pull", *moment, **merger)
            [is_merged] = set(traces(database, pull_id).values())
            deaths[is_merged] += 1
            return approved() if is_merged else pull_id

        pull_id = live(approved())
        for moment in moments(children):
            pull_id = live(pull_id, moment)
    assert deaths[0] > 3  # the merge has many steps before its commit
    assert deaths[1] > 1  # and some after it
    [stored] = database["stories"].find({"_id": story})
    [chapter] = database["chapters"].find({"_id": root})
    merged = (stored["stats"]["total_chapters"] - 1, chapter["version"] - 1)
    assert merged == ((0, deaths[1]) if ask is edit else (deaths[1], 0))
