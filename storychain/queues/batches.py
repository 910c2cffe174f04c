"""Batched jobs: many of one name are buffered, and their function is called once for all of them.

1. A claim brings as many as there is room for; they take none of the queue's slots.
2. They wait for company until a batch is full, or BUFFER_SECONDS after the first has come.
3. The function gets all payloads in one call. All are handed in together, after it returned.
4. What is logged meanwhile names the job, and the ids that all of the batch share.
5. If it raises, each half is tried by itself, down to the one that is at fault: its neighbours
   complete, it alone is retried or dead. Where a server is away nothing is divided: all come again.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress

import msgspec
from django.db import close_old_connections

from storychain.errors import Unavailable
from storychain.queues.execution import job_ended, job_started, judge, perform
from storychain.queues.payloads import BadPayload
from storychain.queues.registry import UnknownJob, find_job, list_jobs
from storychain.queues.running import Run, on_behalf_of
from storychain.queues.wire import Bulk, Outcome

BUFFER_SECONDS = 0.05
Fit = tuple[Run, msgspec.Struct]  # a run whose payload can be read, and that
AT_ONCE = 2  # batches in hand: while one is written, the next is gathered


class Buffer:
    """The batched jobs of one queue that this process holds."""

    def __init__(self, queue: str) -> None:
        """Hold nothing yet."""
        self._sizes = {job.name: job.batch for job in list_jobs() if job.queue == queue}
        self._sizes = {name: size for name, size in self._sizes.items() if size}
        self._waiting: dict[str, list[Run]] = {}
        self._due_at: dict[str, float] = {}
        self._held: set[str] = set()

    def ask(self, outcomes: Sequence[Outcome] = ()) -> Bulk:
        """Return what may come, once these outcomes are handed in."""
        held = len(self._held) - sum(outcome.job_id in self._held for outcome in outcomes)
        size = max(self._sizes.values(), default=0)
        return Bulk(tuple(self._sizes), min(size, AT_ONCE * size - held), held)

    def forget(self, outcomes: Sequence[Outcome]) -> None:
        """Let go of what was handed in."""
        self._held.difference_update(outcome.job_id for outcome in outcomes)

    def sort(self, runs: Sequence[Run]) -> Iterator[list[Run]]:
        """Yield what can be performed now: single runs and full batches; keep the others."""
        for run in runs:
            if run.spec.name in self._sizes:
                yield from self._keep(run)
            else:
                yield [run]

    def _keep(self, run: Run) -> Iterator[list[Run]]:
        name = run.spec.name
        self._held.add(run.id)
        self._waiting.setdefault(name, []).append(run)
        self._due_at.setdefault(name, time.monotonic() + BUFFER_SECONDS)
        if len(self._waiting[name]) >= self._sizes[name]:
            yield self._pop(name)

    def take_due(self, *, is_over: bool) -> list[list[Run]]:
        """Return the batches that have waited long enough; all of them, where the drain ends."""
        now = time.monotonic()
        due = [name for name, due_at in self._due_at.items() if is_over or due_at <= now]
        return [self._pop(name) for name in due]

    def seconds_left(self) -> float | None:
        """Return how long until the next batch is due; None if nothing is buffered."""
        due_at = min(self._due_at.values(), default=None)
        return None if due_at is None else max(0.0, due_at - time.monotonic())

    def _pop(self, name: str) -> list[Run]:
        del self._due_at[name]
        return self._waiting.pop(name)


def perform_together(runs: list[Run]) -> list[Outcome]:
    """Perform one run, or a batch of one job's; whatever that raises is an outcome of each."""
    if len(runs) == 1 and not _is_batched(runs[0]):
        return [perform(runs[0])]
    started, started_at = time.perf_counter(), time.time()
    for run in runs:
        run.started_at = started_at
        job_started.send(Run, run=run)
    outcomes = list(_perform(runs))
    close_old_connections()
    by_id = {run.id: run for run in runs}
    for outcome in outcomes:
        run = by_id[outcome.job_id]
        run.seconds = time.perf_counter() - started
        job_ended.send(Run, run=run, outcome=outcome, seconds=run.seconds)
    return outcomes


def _is_batched(run: Run) -> bool:
    with suppress(UnknownJob):
        return find_job(run.spec.name).batch > 0
    return False


def _perform(runs: list[Run]) -> Iterator[Outcome]:
    """Put those aside that cannot be tried at all, and try the others."""
    decode = find_job(runs[0].spec.name).payload.decode_struct
    fit = []
    for run in runs:
        try:
            run.refuse_if_taken()
            fit.append((run, decode(bytes(run.spec.args))))
        except Exception as error:  # noqa: BLE001 - as in `perform`
            yield _judge(run, error)
    if fit:
        yield from _try(fit)


def _try(fit: list[Fit]) -> Iterator[Outcome]:
    try:
        results = _call(fit)
    except BaseException as error:  # noqa: BLE001 - as in `perform`
        if len(fit) == 1 or isinstance(error, Unavailable):
            yield from (_judge(run, error) for run, _ in fit)
        else:
            half = len(fit) // 2
            yield from _try(fit[:half])
            yield from _try(fit[half:])
    else:
        for (run, _), result in zip(fit, results, strict=True):
            yield Outcome(run.id, run.token, "completed", result)


def _judge(run: Run, error: BaseException) -> Outcome:
    with on_behalf_of([run]):
        return judge(run, error)


def _call(fit: list[Fit]) -> list[str]:
    job = find_job(fit[0][0].spec.name)
    with on_behalf_of([run for run, _ in fit]):
        results = job.function([payload for _, payload in fit])
    if len(results) != len(fit):
        raise BadPayload(f"{job.name} returned {len(results)} results for {len(fit)} payloads.")
    return [job.payload.encode_result(result) for result in results]
