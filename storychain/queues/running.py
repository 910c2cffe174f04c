"""The run that the current thread is in: what a job may ask and say while it works."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import cached_property

from storychain.observability.correlation import enter_behalf, leave_behalf
from storychain.queues import ledger
from storychain.queues.records import get_job
from storychain.queues.wire import Claimed, decode_spec


class PermanentError(Exception):
    """Trying again cannot help: the job is dead at once."""


class LeaseLost(Exception):
    """The job was taken from this worker, which stood still: its effect must not happen."""


class Cancelled(Exception):
    """Somebody cancelled the job while it ran; it ends as failed."""


class Limited(Exception):
    """The queue's limit is reached: the job waits for its turn, and this was no attempt."""


class Run:
    """One attempt at one job."""

    def __init__(self, *, queue: str, claimed: Claimed) -> None:
        """Unpack what was claimed from a queue."""
        self.queue = queue
        self.id = claimed.job_id
        self.token = claimed.token
        self.attempt = claimed.attempt
        self.spec = decode_spec(claimed.spec_json)
        self.cancelled = False
        self.lost = False
        self.started_at = 0.0  # seconds since 1970, by this machine's clock
        self.seconds = 0.0

    @property
    def slot(self) -> str | None:
        """The due time that a schedule runs this job for; None if no schedule does."""
        return self.spec.slot

    @cached_property
    def due_at(self) -> datetime:
        """When the job was due: its slot, else when it was enqueued, the same at each attempt.

        What a job counts from this, however late or often it runs, stays the same.
        """
        if self.slot:
            return datetime.fromisoformat(self.slot)
        return datetime.fromtimestamp(get_job(self.id).at / 1000, UTC)

    @property
    def reported(self) -> int:
        """How far an attempt at this job said that it is; 0 if none did."""
        return int((get_job(self.id).progress or "0").partition("/")[0])

    def progress(self, done: int, total: int) -> None:
        """Tell how far the job is; raise as `check` does."""
        lost, cancelled = ledger.report(self.id, token=self.token, done=done, total=total)
        self.mark(lost=lost, cancelled=cancelled)
        self.refuse_if_taken()

    def check(self) -> None:
        """Ask the ledger whether to go on: raise LeaseLost or Cancelled if not.

        To be called directly before an effect that cannot be made idempotent.
        """
        lost, cancelled = ledger.heartbeat([(self.queue, self.id, self.token)])
        self.mark(lost=bool(lost), cancelled=bool(cancelled))
        self.refuse_if_taken()

    def take_permit(self) -> None:
        """Get leave for the effect that the queue's limit counts; raise Limited if it is reached.

        To be called directly before the effect. The permit is given back when the attempt ends;
        the effect counts for the limit's window from then on.
        """
        wait_ms = ledger.take_permit(self.queue, job_id=self.id, token=self.token)
        self.mark(lost=wait_ms < 0, cancelled=False)
        self.refuse_if_taken()
        if wait_ms:
            raise Limited(f"{self.queue}: the next is allowed in {wait_ms} ms")

    def mark(self, *, lost: bool, cancelled: bool) -> None:
        """Take in what a heartbeat found out."""
        self.lost = self.lost or lost
        self.cancelled = self.cancelled or cancelled or lost

    def refuse_if_taken(self) -> None:
        """Raise LeaseLost or Cancelled if a heartbeat found out so already."""
        if self.lost:
            raise LeaseLost(f"job {self.id} is in other hands")
        if self.cancelled:
            raise Cancelled(f"job {self.id} was cancelled")


_current: ContextVar[Run] = ContextVar("storychain_run")


def current() -> Run:
    """Return the run that this code is in; raise LookupError outside of one."""
    return _current.get()


@contextmanager
def entered(run: Run) -> Iterator[None]:
    """Make it the current run, and what is logged and enqueued in it its own."""
    token = _current.set(run)
    try:
        with on_behalf_of([run]):
            yield
    finally:
        _current.reset(token)


@contextmanager
def on_behalf_of(runs: Sequence[Run]) -> Iterator[None]:
    """Let what is logged and enqueued name these runs of one job, by the ids that all share."""
    job_ids, request_ids = {run.id for run in runs}, {run.spec.request_id for run in runs}
    token = enter_behalf(
        request_id=_only(request_ids), job_id=_only(job_ids), job=runs[0].spec.name
    )
    try:
        yield
    finally:
        leave_behalf(token)


def _only(ids: set[str]) -> str:
    return next(iter(ids)) if len(ids) == 1 else ""
