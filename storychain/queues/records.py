"""Jobs as the ledger has them, to be looked at."""

from datetime import UTC, datetime
from typing import Any, Literal, get_args

import msgspec

from storychain import redis
from storychain.errors import Invalid, NotFound
from storychain.queues.scripts import Script, asking_ledger
from storychain.queues.topology import QUEUES
from storychain.queues.wire import decode_spec

State = Literal["waiting", "parked", "delayed", "active", "completed", "failed", "dead"]
STATES: tuple[State, ...] = get_args(State)
MOST_ROWS = 1000

_page = Script("page", list[tuple[str, list[str]]])


class JobNotFound(NotFound):
    """The ledger has no job of this id, or has forgotten it."""

    code, title = "job-not-found", "No such job"


class JobRecord(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One job; times are ms since 1970 by the ledger's clock, `result` is JSON."""

    id: str
    name: str
    queue: str
    state: str
    args: dict[str, Any]
    attempts: int
    priority: int
    attempt: int = 0
    at: int = 0
    started: int | None = None
    ended: int | None = None
    progress: str | None = None
    result: str | None = None
    error: str | None = None
    holder: str | None = None
    slot: str | None = None
    schedule: str = ""
    request_id: str = ""
    unique: str | None = None
    lock: str | None = None
    is_outbox: bool = False
    is_cancelled: bool = False


class LogLine(msgspec.Struct, frozen=True):
    """Something that happened to a job."""

    at: int
    event: str
    text: str

    @property
    def when(self) -> datetime:
        """The moment of `at`."""
        return datetime.fromtimestamp(self.at / 1000, UTC)


def get_job(job_id: str) -> JobRecord:
    """Return a job; raise JobNotFound if the ledger does not have it."""
    found = read_records([job_id])
    if not found:
        raise JobNotFound(f"No job has the id {job_id!r}, or it has been forgotten since.")
    return found[0]


def read_records(ids: list[str]) -> list[JobRecord]:
    """Return those of the named jobs that the ledger has."""
    return [_read(*row) for row in _page({"ids": ids})]


def list_jobs(*, queue: str, state: str, offset: int = 0, limit: int = 50) -> list[JobRecord]:
    """Return jobs of a state: those to come by their turn, ended ones the latest first.

    Those that wait come with those that are parked: they wait for a lock that another job holds.
    Raise Invalid where there is no such queue or state.
    """
    if queue not in QUEUES or state not in STATES:
        raise Invalid(f"Queues are {', '.join(QUEUES)}; states are {', '.join(STATES)}.")
    count = min(limit, MOST_ROWS)
    call = {"queue": queue, "state": state, "offset": offset, "count": count}
    return [_read(*row) for row in _page(call)]


def read_log(job_id: str) -> list[LogLine]:
    """Return what happened to a job, the latest first."""
    with asking_ledger() as client:
        lines = client.lrange(redis.key("q", "log", job_id), 0, -1)
    return [msgspec.json.decode(line, type=LogLine) for line in lines]


def _read(job_id: str, flat: list[str]) -> JobRecord:
    fields: dict[str, Any] = dict(zip(flat[::2], flat[1::2], strict=True))
    spec = decode_spec(fields.pop("spec"))
    known = {
        "id": job_id,
        "name": spec.name,
        "args": _decode(spec.args),
        "attempts": spec.attempts,
        "priority": spec.level,
        "slot": spec.slot,
        "schedule": spec.schedule,
        "request_id": spec.request_id,
        "is_outbox": spec.outbox,
        "is_cancelled": "cancel" in fields,
    }
    return msgspec.convert(fields | known, JobRecord, strict=False)


def _decode(args: msgspec.Raw) -> dict[str, Any]:
    try:
        return msgspec.json.decode(args, type=dict[str, Any])
    except msgspec.DecodeError:
        return {}
