"""Jobs that came to nothing: mirrored to MongoDB, so that they outlive the ledger.

A job dies in the ledger, by its worker's verdict or by its worker's death. Every worker's keeper
looks for those that are not mirrored yet; only then does the outbox forget a dead job's row.
"""

from __future__ import annotations

from datetime import UTC, datetime

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
    """A job that died, with all that it needs to be the same one when it is replayed.

    `status` is dead, replayed or discarded; `args` and `log` are JSON.
    """

    job_id = StringField(primary_key=True)
    queue = StringField(required=True)
    name = StringField(required=True)
    args = StringField(required=True)
    priority = fields.IntField()
    slot = StringField()
    schedule = StringField(default="")
    request_id = StringField(default="")
    unique_key = StringField(default="")
    lock = StringField(default="")
    attempts = fields.IntField()
    error = StringField()
    log = StringField()
    status = StringField(default="dead")
    died_at = fields.DateTimeField(required=True)

    meta = {
        "collection": "dead_letters",
        "indexes": [("status", "-died_at"), ("status", "queue", "-died_at")],
    }


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
        "priority": record.priority,
        "slot": record.slot,
        "schedule": record.schedule,
        "request_id": record.request_id,
        "unique_key": record.unique or "",
        "lock": record.lock or "",
        "attempts": record.attempt,
        "error": record.error,
        "log": msgspec.json.encode(read_log(record.id)).decode(),
        "status": "dead",
        "died_at": datetime.fromtimestamp((record.ended or 0) / 1000, UTC),
    }
    return UpdateOne({"_id": record.id}, {"$set": letter}, upsert=True)


def list_dead_letters(
    *, status: str = "dead", queue: str | None = None, offset: int = 0, limit: int = 50
) -> list[DeadLetter]:
    """Return dead letters, the latest first."""
    found = DeadLetter.objects(status=status, **_only(queue)).order_by("-died_at")
    return list(found.skip(offset).limit(limit))


def find_dead_letter(job_id: str) -> DeadLetter | None:
    """Return what was written down of a job when it died, if it ever did."""
    found: DeadLetter | None = DeadLetter.objects(job_id=job_id).first()
    return found


def replay(job_id: str) -> str:
    """Let a job wait again as `desk.retry_job` does, also a dead one that the ledger has lost.

    Return the state that it had; raise JobNotFound or desk.NotPossible.
    """
    try:
        state = desk.retry_job(job_id)
    except JobNotFound:
        state = _restore(job_id)
    DeadLetter.objects(job_id=job_id).update_one(status="replayed")
    return state


def _restore(job_id: str) -> str:
    """Enqueue a dead job that the ledger has lost; raise desk.NotPossible beside one like it."""
    letter = _get_lost(job_id)
    if letter.status == "discarded":
        raise desk.NotPossible(f"Job {job_id} was discarded, for good.")
    job = find_job(letter.name)
    spec = Spec(
        name=job.name,
        args=msgspec.Raw(letter.args.encode()),
        attempts=job.attempts,
        level=job.priority if letter.priority is None else letter.priority,
        slot=letter.slot,
        schedule=letter.schedule,
        request_id=letter.request_id,
    )
    entry = Entry(job_id, job.queue, spec, unique=letter.unique_key, lock=letter.lock)
    for other in ledger.enqueue([entry]):
        raise desk.NotPossible(f"Job {other.job_id}, which does the same, is {other.state}.")
    return "dead"


def discard(job_id: str) -> str:
    """Give up a dead job for good; return the state that it had.

    Raise JobNotFound or desk.NotPossible.
    """
    try:
        state = desk.discard_job(job_id)
    except JobNotFound:
        _get_lost(job_id)
        state = "dead"
    DeadLetter.objects(job_id=job_id).update_one(status="discarded")
    return state


def _get_lost(job_id: str) -> DeadLetter:
    """Return the letter of a dead job that the ledger does not have; raise JobNotFound."""
    letter = find_dead_letter(job_id)
    if letter is None:
        raise JobNotFound(f"No job has the id {job_id!r}, and no dead letter.")
    return letter


def list_dead_ids(*, queue: str | None = None) -> list[str]:
    """Return the ids of all that are dead, of one queue or of all."""
    return list(DeadLetter.objects(status="dead", **_only(queue)).scalar("job_id").no_cache())


def _only(queue: str | None) -> dict[str, str]:
    return {"queue": queue} if queue else {}
