"""Jobs that came to nothing: mirrored to MongoDB, so that they outlive the ledger.

1. A job dies in the ledger, by its worker's verdict or by its worker's death.
2. Every worker's keeper looks for those that are not mirrored yet. Writing a letter and having the
   outbox forget the job's row are one write.
3. An operator's decision is written down first, then carried out in the ledger: a keeper that read
   the job before finds its death decided on. What is to run again has its row again, in the same
   write, until it ends.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
from mongoengine import fields
from pymongo import UpdateOne

from storychain import outbox, redis
from storychain.documents import Document, StringField, unit_of_work
from storychain.queues import desk
from storychain.queues.records import JobNotFound, JobRecord, get_job, read_log, read_records
from storychain.queues.registry import find_job
from storychain.queues.scripts import Script, asking_ledger

BATCH = 100

_mirrored = Script("mirrored", int)


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

    def as_row(self) -> dict[str, Any]:
        """Return what the outbox stores of this job, as `jobs.JobCall` has it."""
        row = {
            "job": self.name,
            "args": msgspec.json.decode(self.args),
            "slot": self.slot,
            "schedule": self.schedule,
            "request_id": self.request_id,
        }
        return row if self.priority is None else row | {"priority": self.priority}


def mirror_dead() -> int:
    """Write down those that died since; return how many. Raise what the databases raise."""
    unseen = redis.key("q", "dead")
    with asking_ledger() as client:
        ids = [member.decode() for member in client.srandmember(unseen, BATCH)]
    if not ids:
        return 0
    dead = {record.id: record for record in read_records(ids) if record.state == "dead"}
    if dead:
        _write_down([_letter_of(record) for record in dead.values()])
    _mirrored([(job_id, (dead[job_id].ended or 0) if job_id in dead else 0) for job_id in ids])
    return len(dead)


def _letter_of(record: JobRecord) -> DeadLetter:
    return DeadLetter(
        job_id=record.id,
        queue=record.queue,
        name=record.name,
        args=msgspec.json.encode(record.args).decode(),
        priority=record.priority,
        slot=record.slot,
        schedule=record.schedule,
        request_id=record.request_id,
        unique_key=record.unique or "",
        lock=record.lock or "",
        attempts=record.attempt,
        error=record.error,
        log=msgspec.json.encode(read_log(record.id)).decode(),
        died_at=datetime.fromtimestamp((record.ended or 0) / 1000, UTC),
    )


@unit_of_work
def _write_down(letters: list[DeadLetter]) -> None:
    """Keep the letters of those deaths that are not known yet, and complete their jobs' rows."""
    ids = [letter.job_id for letter in letters]
    known = dict(DeadLetter.objects(job_id__in=ids).scalar("job_id", "died_at"))
    new = [one for one in letters if one.job_id not in known or known[one.job_id] < one.died_at]
    if new:
        _keep(new, status="dead")
        outbox.complete([letter.job_id for letter in new])


def _keep(letters: list[DeadLetter], *, status: str) -> None:
    """Store letters past the Document face: many at once, and nothing caches them."""
    rows = [letter.to_mongo().to_dict() | {"status": status} for letter in letters]
    updates = [UpdateOne({"_id": row.pop("_id")}, {"$set": row}, upsert=True) for row in rows]
    DeadLetter._get_collection().bulk_write(updates)  # noqa: SLF001 - see above


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

    Return the state that it had; raise JobNotFound, or desk.NotPossible in another state, or beside
    a job that does the same.
    """
    try:
        record = get_job(job_id)
    except JobNotFound:
        return _restore(job_id)
    if record.state == "dead":
        desk.refuse_double(job_id, unique=record.unique)
        _reopen(_letter_of(record), has_row=record.is_outbox)
    state = desk.retry_job(job_id)
    if state == "failed":  # as long as it was, it would have been the end of a row
        _take_back(_letter_of(record), has_row=record.is_outbox)
    return state


def _restore(job_id: str) -> str:
    """Have the outbox enqueue a dead job that the ledger has lost; raise as `replay` does."""
    letter = _get_lost(job_id)
    if letter.status == "discarded":
        raise desk.NotPossible(f"Job {job_id} was discarded, for good.")
    if letter.status == "replayed":
        raise desk.NotPossible(f"Job {job_id} was replayed: it has ended, or is in the outbox.")
    find_job(letter.name)
    desk.refuse_double(job_id, unique=letter.unique_key)
    _reopen(letter, has_row=True)
    return "dead"


@unit_of_work
def _reopen(letter: DeadLetter, *, has_row: bool) -> None:
    """Write down that a dead job is to run again; its row holds it until it ends."""
    _keep([letter], status="replayed")
    _add_row(letter, has_row=has_row)


@unit_of_work
def _take_back(letter: DeadLetter, *, has_row: bool) -> None:
    """Write down the same of one that was cancelled or discarded; only then there is a letter."""
    DeadLetter.objects(job_id=letter.job_id).update_one(status="replayed")
    _add_row(letter, has_row=has_row)


def _add_row(letter: DeadLetter, *, has_row: bool) -> None:
    if has_row:
        outbox.add(kind="job", payload=letter.as_row(), row_id=letter.job_id)


def discard(job_id: str) -> str:
    """Give up a dead job for good; return the state that it had.

    Raise JobNotFound or desk.NotPossible.
    """
    try:
        record = get_job(job_id)
    except JobNotFound:
        _discard(_get_lost(job_id))
        return "dead"
    if record.state == "dead":
        _discard(_letter_of(record))
    return desk.discard_job(job_id)


@unit_of_work
def _discard(letter: DeadLetter) -> None:
    _keep([letter], status="discarded")
    outbox.complete([letter.job_id])


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
