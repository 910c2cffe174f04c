"""From the outbox into the ledger: a row's id is its job's, so offering it again is harmless."""

import logging
from collections.abc import Iterable, Iterator

import msgspec

from storychain import outbox
from storychain.queues import ledger
from storychain.queues.jobs import JobCall, entry_of
from storychain.queues.registry import UnknownJob, find_job
from storychain.queues.scripts import LedgerAway

ENDED = frozenset({"completed", "failed", "gone"})
logger = logging.getLogger(__name__)


@outbox.handles("job")
def deliver_rows(rows: Iterable[outbox.OutboxRow]) -> set[str]:
    """Take the rows' jobs into the ledger; return the ids of those rows that are in it now.

    The payload is not checked again: a job that cannot take it (any more) ends as a dead letter.
    """
    calls = list(_read_calls(rows))
    try:
        known = ledger.enqueue([entry_of(call) for call in calls])
    except LedgerAway as error:
        logger.warning("%d outbox rows wait: %s", len(calls), error)
        return set()
    # Its worker could not complete the row, or the job was cancelled or discarded.
    outbox.complete([calls[k.position].row_id for k in known if k.state in ENDED])
    return {call.row_id for call in calls}


def _read_calls(rows: Iterable[outbox.OutboxRow]) -> Iterator[JobCall]:
    for row in rows:
        try:
            yield _read_call(row)
        except UnknownJob as error:
            logger.error("Outbox row %s stays: %s", row.row_id, error)  # noqa: TRY400 - the row is at fault


def _read_call(row: outbox.OutboxRow) -> JobCall:
    stored = row.payload
    job = find_job(stored["job"])
    return JobCall(
        job=job,
        args=msgspec.json.encode(stored["args"]),
        row_id=str(row.row_id),
        priority=stored.get("priority", job.priority),
        delay=stored.get("delay", 0),
        slot=stored.get("slot"),
        schedule=stored.get("schedule", ""),
        request_id=stored.get("request_id", ""),
        is_marked=True,
        is_outbox=True,
    )
