"""When somebody should look at a schedule: it did not begin, does not end, or a clock is wrong."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog
from django.conf import settings
from django_celery_beat.models import PeriodicTask

from storychain.observability.alert_log import AlertLog
from storychain.queues.scripts import LedgerAway
from storychain.schedules.clock import MOST_SKEW
from storychain.schedules.leader import list_beats
from storychain.schedules.models import OPEN, Slot
from storychain.schedules.rows import list_rows, read_terms
from storychain.schedules.slots import find_unwritten
from storychain.schedules.timing import BadTiming


class Alert(NamedTuple):
    """Something to look at: `kind` is overdue, long or clock; `name` a schedule's, or a beat's."""

    name: str
    kind: str
    detail: str


_told = AlertLog(structlog.get_logger(__name__), "schedule alert", subject="schedule")


def find_alerts(*, now: datetime) -> list[Alert]:
    """Return what is wrong now, by the rows alone: also where no beat runs that could say so."""
    rows = list_rows()
    longest = {row.name: read_terms(row).longest for row in rows}
    found = [alert for row in rows if row.enabled for alert in _unwritten(row, now)]
    for slot in Slot.objects.filter(state__in=OPEN).order_by("due_at"):
        found.extend(_judge(slot, longest.get(slot.schedule), now))
    latest = {(alert.name, alert.kind): alert for alert in [*found, *_wrong_clocks()]}
    return sorted(latest.values())


def log_alerts(*, now: datetime) -> None:
    """Write each alert to the log when it comes up, and when it is over."""
    _told.tell({(alert.name, alert.kind): alert.detail for alert in find_alerts(now=now)})


def _unwritten(row: PeriodicTask, now: datetime) -> Iterator[Alert]:
    late = now - timedelta(seconds=settings.SCHEDULE_OVERDUE_SECONDS)
    try:
        due = find_unwritten(row, now=late)
    except BadTiming as wrong:
        yield Alert(row.name, "overdue", f"It is never due: {wrong.detail}")
        return
    if due:
        yield Alert(row.name, "overdue", f"{_show(due[0])} came and no beat took note of it.")


def _judge(slot: Slot, longest: float | None, now: datetime) -> Iterator[Alert]:
    if slot.started_at:
        seconds = (now - slot.started_at).total_seconds()
        if longest and seconds > longest:
            yield Alert(slot.schedule, "long", f"{_show(slot.due_at)} has run for {seconds:.0f} s.")
        return
    waits_since = slot.queued_at or slot.due_at  # what is caught up begins to wait only then
    if (now - waits_since).total_seconds() > settings.SCHEDULE_OVERDUE_SECONDS:
        why = slot.error or f"It {slot.get_state_display()}."
        yield Alert(slot.schedule, "overdue", f"{_show(slot.due_at)} has not begun. {why}")


def _wrong_clocks() -> Iterator[Alert]:
    try:
        beats = list_beats()
    except LedgerAway:
        return
    for beat in beats:
        if abs(beat.skew) > MOST_SKEW.total_seconds():
            yield Alert(beat.name, "clock", f"Its host's clock is {beat.skew:+.1f} s off.")


def _show(slot: datetime) -> str:
    return f"{slot:%Y-%m-%d %H:%M:%S} UTC"
