"""A worker that dies while it clears away after a deleted account: the next one goes on."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from pymongo import MongoClient

from apps.chapters.documents import Chapter
from apps.users.documents import User
from apps.users.jobs import clear_away
from storychain.queues.records import get_job
from tests.queueing.sizes import sized
from tests.queueing.workers import HEAVY, Crew, wait_until

MANY = sized(1_000, suite=250)
GONE = "user_gone"


def fill(mongo: MongoClient[Any]) -> None:
    """Store a tombstone and what its person wrote, past the Document face."""
    now = timezone.now()
    User(clerk_id=GONE, username="gone", created_at=now).bury(now=now)
    database = mongo[Chapter._get_db().name]
    database["chapters"].insert_many(
        {
            "_id": f"c{n:06}",
            "story_slug": "s",
            "depth": 1,
            "branch_index": n,
            "number": n,
            "author_id": GONE,
            "edited_by": GONE,
            "title": "T",
            "content": "C",
            "status": "published",
            "created_at": now,
            "updated_at": now,
        }
        for n in range(MANY)
    )


def begun(job_id: str) -> bool:
    return (get_job(job_id).progress or "0/").partition("/")[0] != "0"


def ended(job_id: str) -> Any:
    job = get_job(job_id)
    return job if job.state == "completed" else None


def test_a_worker_killed_in_the_middle_leaves_the_rest_to_the_next(
    crew: Crew, mongo: MongoClient[Any]
) -> None:
    fill(mongo)
    victim = crew.start(HEAVY)
    job_id = clear_away.enqueue(user_id=GONE)
    wait_until(lambda: begun(job_id), seconds=60)
    victim.kill()
    assert 0 < Chapter.objects(author_id=GONE).count() < MANY
    crew.start(HEAVY)
    job = wait_until(lambda: ended(job_id), seconds=120)
    assert job.attempt == 2
    whole = Chapter.objects(author_id="~deleted", edited_by="~deleted", title="T", content="C")
    assert whole.count() == MANY
    assert Chapter.objects().count() == MANY
