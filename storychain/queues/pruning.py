"""The outbox rid of rows that have nothing left to do: their job ended, or nobody can take it.

Rows leave the outbox when their job ends. Left behind are those whose worker could not tell MongoDB
so and whose job the ledger has forgotten since, and those of jobs that are in no code any more.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

import msgspec
import structlog

from storychain import outbox
from storychain.queues.deadletters import DeadLetter
from storychain.queues.models import JobRun, Outcome
from storychain.queues.registry import UnknownJob, find_job

log = structlog.get_logger(__name__)
BATCH = 100
SETTLED = timedelta(hours=1)  # the relay sees to what is younger
UNTAKEN = timedelta(days=7)


def prune_outbox(*, now: datetime) -> int:
    """Remove the rows of ended jobs; turn into dead letters those that nobody took for UNTAKEN.

    Return how many rows are gone. Nothing is lost: a dead letter can be replayed once its job is
    back in the code.
    """
    old = outbox.OutboxRow.objects(kind="job", created_at__lt=now - SETTLED)
    rows = (row for row in old.order_by("created_at").no_cache())  # begun once, read once
    return sum(_prune(batch, now) for batch in _batches(rows))


def _batches(rows: Iterator[outbox.OutboxRow]) -> Iterator[list[outbox.OutboxRow]]:
    while batch := list(islice(rows, BATCH)):
        yield batch


def _prune(rows: list[outbox.OutboxRow], now: datetime) -> int:
    runs = JobRun.objects.filter(job_id__in=[row.row_id for row in rows], outcome=Outcome.COMPLETED)
    gone = set(runs.values_list("job_id", flat=True))
    for row in rows:
        if row.row_id not in gone and _is_untaken(row, now):
            _bury(row, now)
            gone.add(row.row_id)
    outbox.complete(gone)
    return len(gone)


def _is_untaken(row: outbox.OutboxRow, now: datetime) -> bool:
    if row.created_at > now - UNTAKEN:
        return False
    try:
        find_job(row.payload["job"])
    except UnknownJob:
        return True
    return False


def _bury(row: outbox.OutboxRow, now: datetime) -> None:
    log.error("an outbox row became a dead letter", row=row.row_id, job=row.payload["job"])
    DeadLetter(
        job_id=row.row_id,
        queue="-",
        name=row.payload["job"],
        args=msgspec.json.encode(row.payload["args"]).decode(),
        attempts=0,
        error="No job of this name was in the code for a week.",
        log="[]",
        died_at=now,
    ).save()
