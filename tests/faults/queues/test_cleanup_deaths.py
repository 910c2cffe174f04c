"""Clean-ups in real workers: one of a type at a time, whatever dies, and nobody waits for them."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pymongo import MongoClient

from apps.chapters.autosaves import ChapterAutosave
from apps.maintenance.jobs import clean
from apps.notifications.documents import Notification
from storychain.queues.records import get_job
from tests.queueing.sizes import sized
from tests.queueing.workers import HEAVY, Crew, wait_until

MANY = sized(50_000, suite=1_000)


def fill(mongo: MongoClient[Any], *, drafts: int = 0, notices: int = 0) -> None:
    """Store what is old, past the Document face: it is only to be there."""
    at = timezone.now() - timedelta(days=200)
    database = mongo[ChapterAutosave._get_db().name]
    made = (
        {
            "_id": f"d{n:06}",
            "user_id": f"u{n}",
            "story_slug": "s",
            "kind": "root_chapter",
            "content": "",
            "last_saved_at": at + timedelta(milliseconds=n),
        }
        for n in range(drafts)
    )
    told = (
        {
            "_id": f"n{n:06}",
            "dedupe_key": f"n{n}",
            "user_id": "u",
            "type": "mention",
            "title": "T",
            "message": "M",
            "is_read": True,
            "created_at": at + timedelta(milliseconds=n),
        }
        for n in range(notices)
    )
    if drafts:
        database["chapter_autosaves"].insert_many(made)
    if notices:
        database["notifications"].insert_many(told)


def ended(job_id: str) -> Any:
    job = get_job(job_id)
    return job if job.state == "completed" else None


def begun(job_id: str) -> bool:
    return (get_job(job_id).progress or "0/").partition("/")[0] != "0"


def test_two_of_a_type_take_turns_over_two_workers_and_two_types_go_side_by_side(
    crew: Crew, mongo: MongoClient[Any]
) -> None:
    fill(mongo, drafts=600, notices=600)
    crew.start(HEAVY)
    crew.start(HEAVY)
    first = clean.enqueue(type="autosave", olderThan=30)
    second = clean.enqueue(type="autosave", olderThan=31)
    other = clean.enqueue(type="notifications", olderThan=90)
    jobs = [wait_until(lambda i=i: ended(i), seconds=90) for i in (first, second, other)]
    turns = sorted(jobs[:2], key=lambda job: job.started)
    assert turns[1].started >= turns[0].ended
    assert jobs[2].started < turns[1].started  # it did not wait for both of the other type
    assert len({job.holder.partition("#")[0] for job in jobs}) == 2  # both workers had a part
    assert sorted(job.result for job in jobs[:2]) == ['{"deletedCount":0}', '{"deletedCount":600}']
    assert jobs[2].result == '{"deletedCount":600}'
    overlap = min(turns[0].ended, jobs[2].ended) - max(turns[0].started, jobs[2].started)
    assert overlap > 0, "two types ran side by side"


def test_a_worker_killed_in_the_middle_loses_nothing_and_another_goes_on(
    crew: Crew, mongo: MongoClient[Any]
) -> None:
    fill(mongo, drafts=800)
    young = ChapterAutosave(
        user_id="young", story_slug="s", kind="root_chapter", last_saved_at=timezone.now()
    ).save(force_insert=True)
    victim = crew.start(HEAVY)
    job_id = clean.enqueue(type="autosave", olderThan=30)
    waiting = clean.enqueue(type="autosave", olderThan=30)
    wait_until(lambda: begun(job_id), seconds=60)
    victim.kill()
    left = ChapterAutosave.objects().count()
    assert 1 < left < 801
    crew.start(HEAVY)
    job = wait_until(lambda: ended(job_id), seconds=90)
    assert job.attempt == 2
    # It goes on counting from what was reported; a step may have been made and not told of.
    counted = int(job.result.partition(":")[2].rstrip("}"))
    assert 775 <= counted <= 800
    assert [one.pk for one in ChapterAutosave.objects()] == [young.pk]
    assert wait_until(lambda: ended(waiting), seconds=60).result == '{"deletedCount":0}'


@pytest.mark.timeout(1800)
def test_many_go_in_steps_and_no_writer_waits_for_them(crew: Crew, mongo: MongoClient[Any]) -> None:
    fill(mongo, notices=MANY)
    crew.start(HEAVY)
    job_id = clean.enqueue(type="notifications", olderThan=90)
    wait_until(lambda: begun(job_id), seconds=60)
    waits: list[float] = []
    while not ended(job_id):
        before = time.monotonic()
        Notification.keep(
            dedupe_key=f"new-{len(waits)}",
            user_id="u",
            type="mention",
            title="T",
            message="M",
            created_at=timezone.now(),
        )
        waits.append(time.monotonic() - before)
        time.sleep(0.05)
    job = get_job(job_id)
    assert job.result == f'{{"deletedCount":{MANY}}}'
    assert job.progress == f"{MANY}/{MANY}"
    assert job.attempt == 1
    assert Notification.objects().count() == len(waits)  # none of the new ones went
    whole = (job.ended - job.started) / 1000
    print(f"{MANY} in {whole:.1f} s; {len(waits)} writers, longest {max(waits):.3f} s")
    assert max(waits) < whole / 4, "a writer waited for the whole"
