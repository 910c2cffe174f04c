"""The slots of one row: which come next, and those that have come written down as rows."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

from django_celery_beat.models import PeriodicTask

from storychain.schedules.limits import KEPT_DAYS, MOST_MISSED
from storychain.schedules.models import Slot, State
from storychain.schedules.rows import read_grace, read_timing
from storychain.schedules.timing import EPOCH, BadTiming, walk_back

SUPERSEDED = "Nobody was there to run it, and a later one has come."
MORE = " So it was with all that came before it, since {:%Y-%m-%d %H:%M} UTC."
TOO_LATE = "Nobody was there to run it until after its grace."


def find_next_slot(row: PeriodicTask, *, after: datetime) -> datetime | None:
    """Return when the row is due next; None if never, or if it cannot be read."""
    return next(walk_slots(row, after=after), None)


def walk_slots(row: PeriodicTask, *, after: datetime) -> Iterator[datetime]:
    """Yield the row's slots to come, without end where there is none."""
    try:
        timing = read_timing(row)
    except BadTiming:
        return
    slot: datetime | None = max(after, _armed_at(row))
    while slot and (slot := timing.next_slot(after=slot)):
        yield slot


def find_unwritten(row: PeriodicTask, *, now: datetime) -> list[datetime]:
    """Return the slots that have come since the last one that is written down, the latest first.

    Raise BadTiming for a row that cannot be read.
    """
    timing = read_timing(row)
    latest = timing.last_slot(until=now)
    if latest is None or latest <= _armed_at(row):  # most looks end here and ask SQL nothing
        return []
    since = _counts_from(row, now)
    return list(islice(walk_back(timing, latest=latest, since=since), MOST_MISSED + 1))


def write_due_slots(row: PeriodicTask, *, now: datetime) -> list[Slot]:
    """Write down the slots that have come: the latest to be run, older ones as missed.

    The latest is missed too if it came longer ago than the row's grace. Beyond MOST_MISSED the
    oldest says since when there were others. What another beat has written stays as it is. Return
    what was to be written; raise as `find_unwritten` does.
    """
    due = find_unwritten(row, now=now)
    slots = [_make(row, due_at, is_latest=n == 0, now=now) for n, due_at in enumerate(due)]
    if len(slots) > MOST_MISSED:
        slots = slots[:MOST_MISSED]
        slots[-1].error += MORE.format(_counts_from(row, now))
    if slots:
        Slot.objects.bulk_create(slots, ignore_conflicts=True, batch_size=500)
    return slots


def name_job(schedule: str, due_at: datetime, *, is_manual: bool = False) -> str:
    """Return the id of a slot's job: whoever enqueues it, and however often, it is one."""
    return f"{'run' if is_manual else 'sched'}:{schedule}:{write_slot(due_at)}"


def write_slot(due_at: datetime) -> str:
    """Return a due time as jobs are given it: ISO 8601, in UTC."""
    return due_at.isoformat().replace("+00:00", "Z")


def _make(row: PeriodicTask, due_at: datetime, *, is_latest: bool, now: datetime) -> Slot:
    slot = Slot(schedule=row.name, due_at=due_at, job=row.task, job_id=name_job(row.name, due_at))
    if not is_latest or now - due_at > read_grace(row):
        slot.state, slot.error = State.MISSED, TOO_LATE if is_latest else SUPERSEDED
    return slot


def _counts_from(row: PeriodicTask, now: datetime) -> datetime:
    """Return after which time slots are still to be written down."""
    return max(_armed_at(row), _last_written(row) or EPOCH, now - timedelta(days=KEPT_DAYS))


def _last_written(row: PeriodicTask) -> datetime | None:
    written = Slot.objects.filter(schedule=row.name, is_manual=False)
    return written.order_by("-due_at").values_list("due_at", flat=True).first()


def _armed_at(row: PeriodicTask) -> datetime:
    """Return from when the row's slots count, as far as the row itself says."""
    return max(moment for moment in (row.last_run_at, row.start_time, EPOCH) if moment)
