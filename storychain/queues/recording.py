"""Writes what became of attempts into SQL, beside the work and never in its way.

1. Who hands an outcome in only appends it to a buffer.
2. A thread of its own writes what has gathered, once in QUEUE_RUNS_SECONDS, in one statement.
3. Nothing waits for SQL: what the buffer cannot hold is dropped, counted and logged.

Kept is every attempt that did not complete, every one for a schedule, and every one of the prefork
queues. Of the others, which may be thousands a second, each process keeps QUEUE_RUNS_BURST of a
queue and then QUEUE_RUNS_PER_SECOND (docs/adr/0080). What the ledger refused is not kept: the sweep
that took the job from its worker has noted it as lost.
"""

import os
import threading
import time
from collections import defaultdict, deque
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Any

import structlog
from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, close_old_connections
from prometheus_client import Counter

from storychain.queues.running import Run
from storychain.queues.topology import QUEUES
from storychain.queues.wire import Lost, Outcome, Spec, decode_spec

MOST_WAITING, BATCH = 5000, 500
LOST = "Its worker died, or held it up for longer than its lease."
HEAVY = frozenset(name for name, queue in QUEUES.items() if queue.pool == "prefork")
log = structlog.get_logger(__name__)

RUNS = Counter(
    "storychain_job_runs",
    "Attempts at jobs whose outcome was kept in SQL (kept), left out as one of very many"
    " (sampled), or lost because SQL did not keep up (dropped).",
    ["fate"],
)
KEPT, SAMPLED, DROPPED = (RUNS.labels(fate) for fate in ("kept", "sampled", "dropped"))


class _Allowance:
    """How many ordinary attempts of a queue may be kept; it fills up again with time."""

    def __init__(self) -> None:
        self._left, self._counted_at = float(settings.QUEUE_RUNS_BURST), time.monotonic()

    def take(self) -> bool:
        """Take one, if there is one. What it has earned is looked up only when it is empty."""
        if self._left < 1:
            now = time.monotonic()
            earned = (now - self._counted_at) * settings.QUEUE_RUNS_PER_SECOND
            if earned < 1:
                return False
            self._left, self._counted_at = min(earned, settings.QUEUE_RUNS_BURST), now
        self._left -= 1
        return True


class _Recorder:
    """This process's buffer and the thread that empties it."""

    def __init__(self) -> None:
        self.allowances: dict[str, _Allowance] = defaultdict(_Allowance)
        self._rows: deque[dict[str, Any]] = deque()
        self._batch: list[dict[str, Any]] = []
        self._has_rows, self._is_closing = threading.Event(), threading.Event()
        self._start, self._write = threading.Lock(), threading.Lock()
        self._thread: threading.Thread | None = None
        self._trouble = ""

    def add(self, row: dict[str, Any]) -> None:
        """Keep a row for the thread, unless too many wait already."""
        if len(self._rows) >= MOST_WAITING:
            DROPPED.inc()
            self._complain("job runs are dropped: SQL does not keep up")
            return
        self._rows.append(row)
        if not self._has_rows.is_set():
            self._has_rows.set()
            self._ensure_thread()

    def flush(self) -> None:
        """Write what has gathered; what SQL does not take now stays for the next time."""
        with self._write:
            close_old_connections()
            try:
                while self._fill_batch():
                    self._store_batch()
                    self._trouble = ""
            except (OperationalError, InterfaceError) as error:
                self._complain(f"job runs wait for SQL: {error}")
            finally:
                close_old_connections()

    def close(self) -> None:
        """Write the last ones, and let the thread end."""
        self._is_closing.set()
        self._has_rows.set()
        self.flush()

    def _fill_batch(self) -> bool:
        while self._rows and len(self._batch) < BATCH:
            self._batch.append(self._rows.popleft())
        return bool(self._batch)

    def _store_batch(self) -> None:
        from storychain.queues.models import JobRun  # noqa: PLC0415 - Celery loads us before the apps

        runs, fate = [JobRun(**row) for row in self._batch], KEPT
        try:
            JobRun.objects.bulk_create(runs, ignore_conflicts=True)
        except (OperationalError, InterfaceError):
            raise
        except DatabaseError as error:  # it would not take them the next time either
            self._complain(f"job runs are dropped: {error}")
            fate = DROPPED
        self._batch.clear()
        fate.inc(len(runs))

    def _ensure_thread(self) -> None:
        with self._start:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="job-runs", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while self._has_rows.wait():
            self._is_closing.wait(settings.QUEUE_RUNS_SECONDS)
            self._has_rows.clear()
            self.flush()
            if self._rows or self._batch:
                self._has_rows.set()
            if self._is_closing.is_set():
                return

    def _complain(self, trouble: str) -> None:
        """Say what is wrong when it is new, not for each row."""
        if self._trouble != trouble:
            self._trouble = trouble
            log.error(trouble, waiting=len(self._rows))


class _Here:
    recorder: _Recorder | None = None


def _recorder() -> _Recorder:
    if _Here.recorder is None:
        _Here.recorder = _Recorder()
    return _Here.recorder


def note_outcomes(
    ended: Iterable[tuple[Run, Outcome]], *, refused: Collection[str], holder: str
) -> None:
    """Keep what became of a holder's attempts, but for those that the ledger refused."""
    recorder, left_out = _recorder(), 0
    for run, outcome in ended:
        if outcome.state == "waiting" or outcome.job_id in refused:
            continue
        is_ordinary = outcome.state == "completed" and not _is_wanted(run)
        if is_ordinary and not recorder.allowances[run.queue].take():
            left_out += 1
        else:
            recorder.add(_describe(run, outcome) | {"worker": _name_worker(holder)})
    if left_out:
        SAMPLED.inc(left_out)


def _is_wanted(run: Run) -> bool:
    return bool(run.spec.schedule) or run.queue in HEAVY


def note_lost(attempts: Iterable[Lost]) -> None:
    """Keep attempts whose worker died."""
    for lost in attempts:
        seconds = lost.started / 1000
        row = {"job_id": lost.job_id, "queue": lost.queue, "attempt": lost.attempt}
        row |= _describe_spec(decode_spec(lost.spec_json))
        row |= {"token": lost.token, "started_at": _moment(seconds), "outcome": "lost"}
        row |= {"duration": max(0.0, time.time() - seconds), "error": LOST}
        _recorder().add(row | {"worker": _name_worker(lost.holder)})


def close() -> None:
    """Write what this process has not written yet; to be called when it ends."""
    if _Here.recorder is not None:
        _Here.recorder.close()


def _describe(run: Run, outcome: Outcome) -> dict[str, Any]:
    state: str = outcome.state
    if state == "delayed":
        state = "failed" if run.cancelled else "retried"
    return {
        "token": run.token,
        "job_id": run.id,
        "queue": run.queue,
        **_describe_spec(run.spec),
        "attempt": run.attempt,
        "started_at": _moment(run.started_at),
        "duration": run.seconds,
        "outcome": state,
        "error": "" if state == "completed" else outcome.text.replace("\0", ""),
    }


def _describe_spec(spec: Spec) -> dict[str, Any]:
    return {
        "name": spec.name[:200],
        "schedule": spec.schedule[:200],
        "slot": _read_slot(spec.slot),
        "request_id": spec.request_id[:128],
    }


def _read_slot(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _name_worker(holder: str) -> str:
    return holder.partition("/")[0][:200]


def _forget() -> None:
    """Begin anew in a fork: the rows there are its parent's to write."""
    _Here.recorder = None


os.register_at_fork(after_in_child=_forget)
