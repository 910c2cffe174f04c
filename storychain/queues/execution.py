"""One attempt at one job: found, decoded, performed, judged."""

import logging
import time
from typing import Any

from django.conf import settings
from django.db import close_old_connections
from django.dispatch import Signal

from storychain.queues.payloads import BadPayload
from storychain.queues.registry import UnknownJob, find_job
from storychain.queues.running import Cancelled, LeaseLost, Limited, PermanentError, Run, entered
from storychain.queues.wire import Outcome

HOPELESS = (PermanentError, BadPayload, UnknownJob)
MOST_ERROR = 2000
logger = logging.getLogger(__name__)

job_started = Signal()  # run=
job_ended = Signal()  # run=, outcome=, seconds=


def perform(run: Run) -> Outcome:
    """Run the job's function and return how it ended; whatever a job raises is an outcome."""
    started, run.started_at = time.perf_counter(), time.time()
    with entered(run):
        job_started.send(Run, run=run)
        try:
            outcome = Outcome(run.id, run.token, "completed", _call(run))
        except BaseException as error:  # noqa: BLE001 - a job may raise anything, sys.exit() included
            outcome = judge(run, error)
        finally:
            close_old_connections()
        run.seconds = time.perf_counter() - started
        logger.debug("Attempt %d ended as %s", run.attempt, outcome.state)
        job_ended.send(Run, run=run, outcome=outcome, seconds=run.seconds)
    return outcome


def backoff_ms(attempt: int) -> int:
    """Return how long after its nth attempt a job is tried again: 1000, 2000, 4000 ms, ..."""
    base: float = settings.QUEUE_BACKOFF_SECONDS
    return round(base * 1000) << (attempt - 1)


def _call(run: Run) -> str:
    job = find_job(run.spec.name)
    payload = job.payload.decode(bytes(run.spec.args))
    result: Any = job.function(**payload)
    return job.payload.encode_result(result)


def judge(run: Run, error: BaseException) -> Outcome:
    """Return what becomes of an attempt that ended in an error."""
    said = f"{type(error).__name__}: {error}"[:MOST_ERROR]
    text = said.encode(errors="replace").decode()
    if isinstance(error, Limited):
        return Outcome(run.id, run.token, "waiting")
    if isinstance(error, Cancelled):
        return Outcome(run.id, run.token, "failed", text)
    if isinstance(error, HOPELESS) or run.attempt >= run.spec.attempts:
        logger.error("Job %s (%s) is dead: %s", run.id, run.spec.name, text, exc_info=error)
        return Outcome(run.id, run.token, "dead", text)
    if not isinstance(error, LeaseLost):
        logger.warning("Job %s (%s) will be tried again: %s", run.id, run.spec.name, text)
    return Outcome(run.id, run.token, "delayed", text, backoff_ms(run.attempt))
