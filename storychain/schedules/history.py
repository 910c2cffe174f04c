"""What schedules have run and will run, as the admin and the command line show it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile

from django_celery_beat.models import PeriodicTask

from storychain.errors import NotFound
from storychain.schedules.alerts import Alert, find_alerts
from storychain.schedules.models import Slot, State
from storychain.schedules.rows import find_row, list_rows
from storychain.schedules.slots import find_next_slot, walk_slots


class ScheduleNotFound(NotFound):
    """No schedule has this name."""

    code, title = "schedule-not-found", "No such schedule"


@dataclass(frozen=True, kw_only=True)
class Overview:
    """A schedule as it stands: what is next, what was last, what is wrong."""

    row: PeriodicTask
    next_run: datetime | None
    last_run: Slot | None
    alerts: Sequence[Alert]


def get_row(name: str) -> PeriodicTask:
    """Return a schedule's row; raise ScheduleNotFound, which says what there is."""
    row = find_row(name)
    if row is None:
        known = ", ".join(row.name for row in list_rows()) or "none at all"
        raise ScheduleNotFound(f"No schedule is named {name!r}: there are {known}.")
    return row


def look_at(rows: Sequence[PeriodicTask], *, now: datetime) -> list[Overview]:
    """Return how these rows stand."""
    alerts = find_alerts(now=now)
    return [
        Overview(
            row=row,
            next_run=find_next_slot(row, after=now) if row.enabled else None,
            last_run=find_last_run(row.name),
            alerts=[alert for alert in alerts if alert.name == row.name],
        )
        for row in rows
    ]


def find_last_run(name: str) -> Slot | None:
    """Return the latest slot of a schedule that got into the queue, None if none did."""
    slots = Slot.objects.filter(schedule=name).exclude(state__in=(State.PENDING, State.MISSED))
    return slots.order_by("-due_at").first()


def list_runs(*, name: str = "", outcome: str = "", count: int = 50) -> list[Slot]:
    """Return slots and runs by hand, the latest first; all where nothing is asked for."""
    wanted = {"schedule": name, "state": outcome}
    slots = Slot.objects.filter(**{field: value for field, value in wanted.items() if value})
    return list(slots.order_by("-due_at", "schedule")[:count])


def list_day_ahead(row: PeriodicTask, *, now: datetime) -> list[datetime]:
    """Return the slots of the coming 24 hours: at most 1,440 of a cron pattern."""
    end = now + timedelta(days=1)
    return list(takewhile(lambda slot: slot <= end, walk_slots(row, after=now)))
