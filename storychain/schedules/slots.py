"""The slots of one row: which is due now, which comes next, and the job that runs for it."""

from collections.abc import Iterator
from datetime import UTC, datetime

from django.db.models import F
from django_celery_beat.models import PeriodicTask

from storychain.queues.jobs import enqueue_many
from storychain.queues.registry import find_job
from storychain.schedules.calls import make_call
from storychain.schedules.rows import read_args, read_timing
from storychain.schedules.timing import EPOCH, BadTiming


def find_due_slot(row: PeriodicTask, *, now: datetime) -> datetime | None:
    """Return the latest slot that has come and was not run; older ones that were missed are past.

    Raise BadTiming for a row that cannot be read.
    """
    slot = read_timing(row).last_slot(until=now)
    return slot if slot and slot > _counted_from(row) else None


def find_next_slot(row: PeriodicTask, *, after: datetime) -> datetime | None:
    """Return when the row is due next; None if never, or if it cannot be read."""
    return next(walk_slots(row, after=after), None)


def walk_slots(row: PeriodicTask, *, after: datetime) -> Iterator[datetime]:
    """Yield the row's slots to come, without end where there is none."""
    try:
        timing = read_timing(row)
    except BadTiming:
        return
    slot: datetime | None = max(after, _counted_from(row))
    while slot and (slot := timing.next_slot(after=slot)):
        yield slot


def run_slot(row: PeriodicTask, *, slot: datetime) -> str:
    """Take the job of a slot into the ledger, record the slot as run, and return the job's id.

    The id is made of the schedule and the slot: however often and by whomever this is called, the
    slot is run once. Raise UnknownJob, BadPayload or Unavailable, and record nothing, if the job
    cannot be taken in.
    """
    written = f"{slot.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    job_id = _enqueue(row, job_id=f"sched:{row.name}:{written}", slot=written)
    rows = PeriodicTask.objects.filter(pk=row.pk)
    rows.exclude(last_run_at__gte=slot).update(
        last_run_at=slot, total_run_count=F("total_run_count") + 1
    )
    return job_id


def run_now(row: PeriodicTask) -> str:
    """Take a run of the row's job into the ledger, outside of its times; return its id."""
    return _enqueue(row)


def _enqueue(row: PeriodicTask, **options: str) -> str:
    call = make_call(find_job(row.task), read_args(row), schedule=row.name, **options)
    return enqueue_many([call])[0]


def _counted_from(row: PeriodicTask) -> datetime:
    return max(moment for moment in (row.last_run_at, row.start_time, EPOCH) if moment)
