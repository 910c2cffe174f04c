"""From a chapter to who is told of it, over a real worker; and told again, it is the same."""

from __future__ import annotations

from storychain import redis
from storychain.outbox import OutboxRow, relay_once
from tests.factories import Caller, publish, sign_in, start_story, write_child, write_root
from tests.queueing.workers import IO, Crew, wait_until


def test_a_chapter_is_told_by_a_worker_and_once_though_the_queue_forgets_everything(
    crew: Crew, bells: None
) -> None:
    owner, second = sign_in("owner"), sign_in("second")
    story = start_story(owner)
    root = write_root(owner, story)
    publish(owner, story)
    assert told(owner) == []
    child = write_child(second, story, root)
    row = OutboxRow.objects(row_id=f"notice:chapter:{child}:{owner.user_id}").get()
    crew.start(IO)
    wait_until(lambda: told(owner) == ["story_continued"])
    wait_until(lambda: OutboxRow.objects(row_id=row.row_id).first() is None)
    names = list(redis.client("queue").scan_iter(redis.key("q", "*job:*")))
    names += list(redis.client("queue").scan_iter(redis.key("q", "*mark:*")))
    assert redis.client("queue").delete(*names) > 1
    row.next_at = row.created_at
    OutboxRow._get_collection().insert_one(row.to_mongo())
    assert relay_once() >= 1
    wait_until(lambda: OutboxRow.objects(row_id=row.row_id).first() is None)
    assert told(owner) == ["story_continued"]


def told(reader: Caller) -> list[str]:
    """Return the kinds of what somebody was told, but for the badges that he earns by writing."""
    kinds = [row["type"] for row in reader.get("/notifications").json()["items"]]
    return [kind for kind in kinds if kind != "badge_earned"]
