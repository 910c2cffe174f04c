"""Slots that are written down become jobs; a slot waits here for as long as the queue is away."""

from datetime import datetime, timedelta

import structlog
from django.db.models import F, QuerySet
from django_celery_beat.models import PeriodicTask

from storychain.errors import StorychainError
from storychain.queues.jobs import JobCall, enqueue_many
from storychain.queues.registry import find_job
from storychain.queues.scripts import LedgerAway
from storychain.schedules.calls import make_call
from storychain.schedules.models import Slot, State
from storychain.schedules.rows import list_rows, read_args, read_grace
from storychain.schedules.slots import name_job, write_slot

log = structlog.get_logger(__name__)


def send_pending(*, now: datetime) -> int:
    """Enqueue what waits, the oldest first; return how many are in the queue now.

    Raise LedgerAway where the queue does not answer: then all wait.
    """
    waiting = list(Slot.objects.filter(state=State.PENDING).order_by("due_at"))
    names = {slot.schedule for slot in waiting}
    rows = {row.name: row for row in list_rows(name__in=names)} if names else {}
    return sum(_send(slot, rows.get(slot.schedule), now) for slot in waiting)


def run_now(row: PeriodicTask, *, now: datetime) -> Slot:
    """Run a row's job outside of its times, which stay as they are; return what became of it.

    Raise UnknownJob or BadPayload, and write nothing, if the job cannot be run. While the queue is
    away the run waits for it, and the slot that is returned is pending.
    """
    due_at = now if now.microsecond else now + timedelta(microseconds=1)  # never a slot of a clock
    slot = Slot(schedule=row.name, due_at=due_at, is_manual=True, job=row.task)
    slot.job_id = name_job(row.name, due_at, is_manual=True)
    call = call_for(slot, row)
    slot.save(force_insert=True)
    try:
        _enqueue(slot, call, now)
    except LedgerAway as away:
        _note(slot, away.detail)
    return slot


def call_for(slot: Slot, row: PeriodicTask) -> JobCall:
    """Return the call of a slot's job as its row says now; raise UnknownJob or BadPayload."""
    return make_call(
        find_job(row.task),
        read_args(row),
        job_id=name_job(slot.schedule, slot.due_at, is_manual=slot.is_manual),
        slot=write_slot(slot.due_at),
        schedule=slot.schedule,
    )


def why_not(slot: Slot, row: PeriodicTask | None, *, now: datetime) -> str:
    """Return why an open slot is not to be run any more, "" if it is."""
    if row is None:
        return "Its schedule was deleted before it could be run."
    if not (row.enabled or slot.is_manual):
        return "Its schedule was switched off before it could be run."
    if now - slot.due_at > read_grace(row):
        return f"It could not be run within its grace. {slot.error}".strip()
    return ""


def _send(slot: Slot, row: PeriodicTask | None, now: datetime) -> bool:
    if why := why_not(slot, row, now=now):
        _pending(slot).update(state=State.MISSED, error=why)
        log.warning("slot missed", schedule=slot.schedule, slot=write_slot(slot.due_at), why=why)
        return False
    try:
        _enqueue(slot, call_for(slot, row), now)
    except LedgerAway as away:
        _note(slot, away.detail)
        raise
    except StorychainError as error:
        if slot.error != error.detail:
            log.error("the schedule cannot run", schedule=slot.schedule, why=error.detail)  # noqa: TRY400 - the row is at fault
        _note(slot, error.detail)
        return False
    return True


def _enqueue(slot: Slot, call: JobCall, now: datetime) -> None:
    job_id = enqueue_many([call])[0]
    sent = {"state": State.QUEUED, "queued_at": now, "job_id": job_id, "error": ""}
    if not _pending(slot).update(**sent):  # another beat was here before
        slot.refresh_from_db()
        return
    log.info("schedule ran", schedule=slot.schedule, job_id=job_id)
    vars(slot).update(sent)
    if not slot.is_manual:
        rows = PeriodicTask.objects.filter(name=slot.schedule)
        rows.exclude(last_run_at__gte=slot.due_at).update(
            last_run_at=slot.due_at, total_run_count=F("total_run_count") + 1
        )


def _note(slot: Slot, error: str) -> None:
    if slot.error != error:
        _pending(slot).update(error=error)
        slot.error = error


def _pending(slot: Slot) -> QuerySet[Slot]:
    return Slot.objects.filter(pk=slot.pk, state=State.PENDING)
