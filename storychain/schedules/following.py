"""What became of the slots in the queue: compared with the ledger and the job runs in SQL.

A job that the ledger has lost, and of which no run tells that it ended, is offered again; its id
makes that harmless where it was not lost after all.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db.models import Exists, OuterRef
from django_celery_beat.models import PeriodicTask

from storychain.errors import StorychainError
from storychain.queues import ledger
from storychain.queues.jobs import entry_of
from storychain.queues.models import JobRun, Outcome
from storychain.queues.records import JobRecord, read_records
from storychain.queues.scripts import LedgerAway
from storychain.schedules.limits import KEPT_DAYS, REPLAYED_DAYS
from storychain.schedules.models import Slot, State
from storychain.schedules.rows import list_rows
from storychain.schedules.sending import call_for, why_not

log = structlog.get_logger(__name__)
AT_ONCE = 500
LOST = "The queue lost it. "
ENDS = {
    Outcome.COMPLETED: State.COMPLETED,
    Outcome.FAILED: State.FAILED,
    Outcome.DEAD: State.FAILED,
}
Facts = dict[str, Any]


def follow_runs(*, now: datetime) -> None:
    """Bring the slots in the queue in line with what became of their jobs."""
    slots = list(Slot.objects.filter(state=State.QUEUED).order_by("due_at"))
    for start in range(0, len(slots), AT_ONCE):
        _follow(slots[start : start + AT_ONCE], now)


def _follow(slots: Sequence[Slot], now: datetime) -> None:
    ids = [slot.job_id for slot in slots]
    runs = {run.job_id: run for run in JobRun.objects.filter(job_id__in=ids).order_by("token")}
    try:
        records = {record.id: record for record in read_records(ids)}
    except LedgerAway:
        _write((slot, _read_run(runs.get(slot.job_id))) for slot in slots)
        return
    rows = {row.name: row for row in list_rows(name__in={slot.schedule for slot in slots})}
    _write(
        (slot, _read_record(records[slot.job_id]))
        if slot.job_id in records
        else (slot, _read_run(runs.get(slot.job_id)))
        for slot in slots
    )
    missing = [slot for slot in slots if slot.job_id not in records and slot.state == State.QUEUED]
    for slot in missing:
        _offer_again(slot, rows.get(slot.schedule), now)


def tidy_slots(*, now: datetime) -> None:
    """Forget slots older than KEPT_DAYS; count failed ones as completed that were replayed well."""
    Slot.objects.filter(due_at__lt=now - timedelta(days=KEPT_DAYS)).exclude(
        state__in=(State.PENDING, State.QUEUED)
    ).delete()
    well = JobRun.objects.filter(job_id=OuterRef("job_id"), outcome=Outcome.COMPLETED)
    failed = Slot.objects.filter(
        Exists(well), state=State.FAILED, due_at__gt=now - timedelta(days=REPLAYED_DAYS)
    )
    failed.update(state=State.COMPLETED, error="")


def _read_record(record: JobRecord) -> Facts:
    facts: Facts = {"attempts": record.attempt, "error": record.error or ""}
    if record.started:
        facts["started_at"] = _moment(record.started)
    if record.started and record.ended:
        facts["duration"] = (record.ended - record.started) / 1000
    if record.state == "completed":
        facts |= {"state": State.COMPLETED, "error": ""}
    elif record.state in {"failed", "dead"}:
        facts["state"] = State.FAILED
    return facts


def _read_run(run: JobRun | None) -> Facts:
    if run is None:
        return {}
    return {
        "attempts": run.attempt,
        "started_at": run.started_at,
        "duration": run.duration,
        "error": run.error,
        "state": ENDS.get(Outcome(run.outcome), State.QUEUED),
    }


def _write(found: Iterable[tuple[Slot, Facts]]) -> None:
    for slot, facts in found:
        changed = {name: value for name, value in facts.items() if getattr(slot, name) != value}
        if changed and Slot.objects.filter(pk=slot.pk, state=State.QUEUED).update(**changed):
            vars(slot).update(changed)
            if slot.state == State.FAILED:
                log.error("scheduled run failed", schedule=slot.schedule, error=slot.error)


def _offer_again(slot: Slot, row: PeriodicTask | None, now: datetime) -> None:
    """Offer a slot's job again that the ledger does not have; a mark says that it had ended."""
    patience = timedelta(seconds=settings.SCHEDULE_REOFFER_SECONDS)
    if slot.queued_at and now - slot.queued_at < patience:
        return
    if why := why_not(slot, row, now=now):
        _write([(slot, {"state": State.MISSED, "error": LOST + why})])
        return
    try:
        known = ledger.enqueue([entry_of(call_for(slot, row))])
    except StorychainError as error:  # away, or its job is gone: tried again until its grace ends
        log.warning("a lost slot waits", schedule=slot.schedule, why=error.detail)
        return
    if known and known[0].state == "gone":
        _write([(slot, {"state": State.UNKNOWN})])
    else:
        log.warning("offered again", schedule=slot.schedule, job_id=slot.job_id)


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
