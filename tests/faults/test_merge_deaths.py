"""Whoever dies while he merges a pull request, between any two writes, merged it or did not."""

from __future__ import annotations

from typing import Any

from storychain.documents import ensure_indexes
from tests.factories import propose, published_story, sign_in
from tests.faults.mortals import mortals


def traces(database: Any, pull_id: str) -> dict[str, int]:
    """Count everything that a merge leaves, by what it is."""
    chapters = [row["_id"] for row in database["chapters"].find({"pull_id": pull_id})]
    of_chapters = {"chapter_slug": {"$in": chapters}}
    return {
        "merged": database["pull_requests"].count_documents({"_id": pull_id, "status": "merged"}),
        "chapter": len(chapters),
        "way": database["chapters"].count_documents({"choices.chapter_slug": {"$in": chapters}}),
        "event": database["pull_events"].count_documents({"pull_id": pull_id, "kind": "merged"}),
        "moment": database["story_moments"].count_documents(of_chapters),
        "notice": sum("pr_merged" in row["payload"] for row in notices(database, pull_id)),
    }


def notices(database: Any, pull_id: str) -> list[Any]:
    """Return what the outbox holds of what is told of a pull request; a payload is JSON."""
    return list(database["outbox"].find({"_id": {"$regex": f"^notice:pull:{pull_id}:"}}))


def test_kill_9_between_any_two_writes_leaves_a_merge_whole_or_undone(
    mongo: Any, fresh_names: str
) -> None:
    ensure_indexes()
    database = mongo[fresh_names]
    owner, writer = sign_in("owner"), sign_in("writer")
    story, root = published_story(owner)

    def approved() -> str:
        pull_id = propose(writer, story, root)
        answer = owner.post(f"/pulls/{pull_id}/reviews", {"verdict": "approve"})
        assert answer.status_code == 201, answer.content
        return pull_id

    pull_id, step, is_over, deaths = approved(), 0, False, {0: 0, 1: 0}
    with mortals(mongo) as children:
        while not is_over:
            step += 1
            merger = {"pull_id": pull_id, "caller_id": owner.user_id}
            is_over = children.do("apps.pulls.merging.merge_pull", step, **merger)
            [is_merged] = set(traces(database, pull_id).values())
            deaths[is_merged] += 1
            if is_merged:
                pull_id = approved()
    assert deaths[0] > 10  # the merge has many steps before its commit
    assert deaths[1] > 1  # and some after it
    [stored] = database["stories"].find({"_id": story})
    assert stored["stats"]["total_chapters"] == 1 + deaths[1]
