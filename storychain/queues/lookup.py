"""Everything that is known of one job: by the ledger, by SQL, and as a dead letter."""

from typing import Any, NamedTuple

import msgspec

from storychain.queues.deadletters import DeadLetter, find_dead_letter
from storychain.queues.models import JobRun
from storychain.queues.records import JobNotFound, JobRecord, LogLine, get_job, read_log

MOST_RUNS = 100


class JobHistory(NamedTuple):
    """One job: `job` and `log` while the ledger has it, its attempts, its letter if it died."""

    job: JobRecord | None
    log: list[LogLine]
    runs: list[JobRun]
    letter: DeadLetter | None


def look_up(job_id: str) -> JobHistory:
    """Return what is known of a job, the latest first; raise JobNotFound if nothing is.

    Raise LedgerAway, or what the databases raise, where one does not answer.
    """
    try:
        job, log = get_job(job_id), read_log(job_id)
    except JobNotFound:
        job, log = None, []
    runs = list(JobRun.objects.filter(job_id=job_id).order_by("-token")[:MOST_RUNS])
    letter = find_dead_letter(job_id)
    if job is None and letter is None and not runs:
        raise JobNotFound(f"No job has the id {job_id!r}, or it has been forgotten since.")
    if letter is not None and not log:
        log = msgspec.json.decode(letter.log, type=list[LogLine])
    return JobHistory(job, log, runs, letter)


def describe_run(run: JobRun) -> dict[str, Any]:
    """Return an attempt as plain values, for JSON."""
    return {
        "attempt": run.attempt,
        "outcome": run.outcome,
        "started_at": run.started_at,
        "duration": run.duration,
        "error": run.error,
        "worker": run.worker,
        "schedule": run.schedule,
        "slot": run.slot,
        "request_id": run.request_id,
    }
