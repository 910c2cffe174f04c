"""Jobs that came to nothing: mirrored to MongoDB, so that they outlive the ledger.

A job dies in the ledger, by its worker's verdict or by its worker's death. Every worker's keeper
looks for those that are not mirrored yet; only then does the outbox forget a dead job's row.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
from mongoengine import fields
from pymongo import UpdateOne

from storychain import outbox, redis
from storychain.documents import Document, StringField
from storychain.queues import desk, ledger
from storychain.queues.records import JobNotFound, JobRecord, read_log, read_records
from storychain.queues.registry import find_job
from storychain.queues.scripts import asking_ledger
from storychain.queues.wire import Entry, Spec

BATCH = 100


class DeadLetter(Document):
    """A job that died; `status` is dead, replayed or discarded; `args` and `log` are JSON."""

    job_id = StringField(primary_key=True)
    queue = StringField(required=True)
    name = StringField(required=True)
    args = StringField(required=True)
    attempts = fields.IntField()
    error = StringField()
    log = StringField()
    status = StringField(default="dead")
    died_at = fields.DateTimeField(required=True)

    meta = {"collection": "dead_letters", "indexes": [("status", "-died_at")]}


def mirror_dead() -> int:
    """Write down those that died since; return how many. Raise what the databases raise."""
    unseen = redis.key("q", "dead")
    with asking_ledger() as client:
        ids = [member.decode() for member in client.srandmember(unseen, BATCH)]
    if not ids:
        return 0
    dead = [record for record in read_records(ids) if record.state == "dead"]
    if dead:
        letters = DeadLetter._get_collection()  # noqa: SLF001 - many at once, and nothing caches them
        letters.bulk_write([_mirror(record) for record in dead])
        outbox.complete([record.id for record in dead if record.is_outbox])
    with asking_ledger() as client:
        client.srem(unseen, *ids)
    return len(dead)


def _mirror(record: JobRecord) -> UpdateOne:
    letter = {
        "queue": record.queue,
        "name": record.name,
        "args": msgspec.json.encode(record.args).decode(),
        "attempts": record.attempt,
        "error": record.error,
        "log": msgspec.json.encode(read_log(record.id)).decode(),
        "status": "dead",
        "died_at": datetime.fromtimestamp((record.ended or 0) / 1000, UTC),
    }
    return UpdateOne({"_id": record.id}, {"$set": letter}, upsert=True)


def list_dead_letters(
    *, status: str = "dead", queue: str | None = None, limit: int = 50
) -> list[DeadLetter]:
    """Return dead letters, the latest first."""
    only: dict[str, Any] = {"queue": queue} if queue else {}
    return list(DeadLetter.objects(status=status, **only).order_by("-died_at").limit(limit))


def replay(job_id: str) -> None:
    """Let a dead job wait again as if it were new; raise JobNotFound or desk.NotPossible."""
    try:
        desk.retry_job(job_id)
    except JobNotFound:
        _restore(job_id)
    DeadLetter.objects(job_id=job_id).update_one(status="replayed")


def _restore(job_id: str) -> None:
    """Enqueue a dead job that the ledger has lost."""
    letter = DeadLetter.objects(job_id=job_id).first()
    if letter is None:
        raise JobNotFound(f"No dead letter has the id {job_id!r}.")
    job = find_job(letter.name)
    spec = Spec(
        name=job.name,
        args=msgspec.Raw(letter.args.encode()),
        attempts=job.attempts,
        level=job.priority,
    )
    ledger.enqueue([Entry(job_id, job.queue, spec)])


def discard(job_id: str) -> None:
    """Give up a dead job for good; raise JobNotFound or desk.NotPossible."""
    letters = DeadLetter.objects(job_id=job_id)
    try:
        desk.discard_job(job_id)
    except JobNotFound:
        if letters.first() is None:
            raise
    letters.update_one(status="discarded")
