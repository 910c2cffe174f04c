"""Jobs: functions that a worker runs, by name, at least once.

@job(queue=EXPORT, name="export.render")
def render_export(*, export_id: str) -> None: ...

render_export.enqueue(export_id="...")      # into the ledger, now
yield render_export.call(export_id="...")   # from a subscription: with the write, by the outbox
"""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Generic, ParamSpec, TypeVar

import msgspec

from storychain.observability.correlation import current_request_id
from storychain.queues import ledger
from storychain.queues.options import check_options
from storychain.queues.payloads import Check, Payload
from storychain.queues.registry import declare_job
from storychain.queues.running import PermanentError, current
from storychain.queues.topology import QUEUES
from storychain.queues.wire import Entry, Spec

__all__ = ["Job", "JobCall", "PermanentError", "Priority", "current", "enqueue_many", "job"]

P = ParamSpec("P")
R = TypeVar("R")


class Priority(IntEnum):
    """Which of a queue's waiting jobs go first."""

    URGENT, HIGH, NORMAL, LOW = range(4)


class JobCall(msgspec.Struct, frozen=True, kw_only=True):
    """One wanted run: what a subscription yields and `enqueue_many` takes."""

    job: Any
    args: bytes
    row_id: str
    priority: int
    delay: float = 0
    slot: str | None = None
    schedule: str = ""
    request_id: str = ""
    is_marked: bool = False
    is_outbox: bool = False
    kind: str = "job"

    @property
    def payload(self) -> dict[str, Any]:
        """What the outbox stores: the job's name, its arguments, and the options."""
        return {
            "job": self.job.name,
            "args": msgspec.json.decode(self.args),
            "priority": int(self.priority),
            "delay": self.delay,
            "slot": self.slot,
            "schedule": self.schedule,
            "request_id": self.request_id,
        }


@dataclass(frozen=True)
class Job(Generic[P, R]):
    """A declared job; calling it runs its function here and now."""

    function: Callable[P, R]
    name: str
    queue: str
    key: str
    exclusive: str
    attempts: int
    priority: Priority
    batch: int
    payload: Payload = field(repr=False)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run the function in this process, without the ledger."""
        return self.function(*args, **kwargs)

    def call(
        self,
        *,
        job_id: str | None = None,
        delay: float = 0,
        priority: int | None = None,
        slot: str | None = None,
        schedule: str = "",
        **payload: Any,
    ) -> JobCall:
        """Return a checked call; raise BadPayload if the job does not take it.

        The same `job_id` never runs twice (for 7 days); `delay` is in seconds; `slot` is the due
        time that `schedule` runs it for. Made while a request is served, it carries that one's id.
        """
        level = self.priority if priority is None else priority
        check_options(job_name=self.name, job_id=job_id, delay=delay, priority=level)
        return JobCall(
            job=self,
            args=self.payload.encode(payload),
            row_id=job_id or os.urandom(16).hex(),
            priority=level,
            delay=delay,
            slot=slot,
            schedule=schedule,
            request_id=current_request_id(),
            is_marked=job_id is not None,
        )

    def enqueue(self, **options_and_payload: Any) -> str:
        """Take one run into the ledger; return its id, or the one under which it is known.

        Options and errors are those of `call`; raise LedgerAway if the ledger does not answer.
        """
        return enqueue_many([self.call(**options_and_payload)])[0]


def job(
    *,
    queue: str,
    name: str = "",
    key: str = "",
    exclusive: str = "",
    attempts: int = 3,
    priority: Priority = Priority.NORMAL,
    check: Check | None = None,
    batch: int = 0,
) -> Callable[[Callable[P, R]], Job[P, R]]:
    """Declare a job.

    `check` takes the payload as the function does; its ValueError is what cannot be told by types.
    `key` and `exclusive` are templates over the payload ("report:{date}"): of one `key` only one
    job is waiting or running, of one `exclusive` only one runs at a time in the whole deployment.
    With `batch` the function is called with up to so many payloads at once (batches.py): it takes a
    list of a Struct and returns a list of results, and may see a payload again, alone or in other
    company.
    """

    def declare(function: Callable[P, R]) -> Job[P, R]:
        full_name = name or f"{function.__module__.split('.')[-2]}.{function.__name__}"
        payload = Payload(function, job_name=full_name, check=check, is_batched=batch > 0)
        declared = Job(
            function=function,
            name=full_name,
            queue=QUEUES[queue].name,
            key=key,
            exclusive=exclusive,
            attempts=attempts,
            priority=priority,
            batch=batch,
            payload=payload,
        )
        declare_job(declared)
        return declared

    return declare


def enqueue_many(calls: Iterable[JobCall]) -> list[str]:
    """Take runs into the ledger; return their ids in order, those of known ones too.

    Up to 5,000 are one step; raise LedgerAway if the ledger does not answer.
    """
    wanted = list(calls)
    ids = [call.row_id for call in wanted]
    for known in ledger.enqueue([entry_of(call) for call in wanted]):
        ids[known.position] = known.job_id
    return ids


def entry_of(call: JobCall) -> Entry:
    """Return what the ledger keeps of a call."""
    job = call.job
    spec = Spec(
        name=job.name,
        args=msgspec.Raw(call.args),
        attempts=job.attempts,
        level=call.priority,
        outbox=call.is_outbox,
        slot=call.slot,
        schedule=call.schedule,
        request_id=call.request_id,
    )
    unique, lock = _fill(job.key, job, call), _fill(job.exclusive, job, call)
    return Entry(call.row_id, job.queue, spec, call.delay, unique, lock, call.is_marked)


def _fill(template: str, job: Job[Any, Any], call: JobCall) -> str:
    if not template:
        return ""
    return f"{job.name}:{template.format_map(msgspec.json.decode(call.args))}"
