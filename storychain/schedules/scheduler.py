"""Celery beat's scheduler: reads the rows at every tick, and runs each slot that has come.

django-celery-beat keeps its rows in memory, looks a fixed hour up only within two hours of it,
advances before it sends, and installs jobs of its own. Here a row is read anew each time (what an
operator changes counts at the next tick), a slot is recorded only after its job is in the ledger
(a broker that is down delays it), and its job id makes it one run however many beats there are.
"""

from datetime import datetime

import structlog
from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections
from django.utils import timezone
from django_celery_beat.models import PeriodicTask
from django_celery_beat.schedulers import DatabaseScheduler

from storychain.errors import StorychainError
from storychain.schedules.rows import list_rows
from storychain.schedules.slots import find_due_slot, find_next_slot, run_slot

log = structlog.get_logger(__name__)


class SlotScheduler(DatabaseScheduler):  # type: ignore[misc]  # the package has no types
    """What `celery beat --scheduler` is given."""

    _said: dict[str, str]

    def setup_schedule(self) -> None:
        """Install nothing: all schedules are rows."""
        self._said = {}

    def tick(self, *_: object, **__: object) -> float:
        """Run every slot that has come; return the seconds until the next look.

        While SQL does not answer nothing is run: without it nobody knows what was.
        """
        close_old_connections()
        try:
            rows = list_rows(enabled=True)
            for row in rows:
                self._run_if_due(row, now=timezone.now())
        except (DatabaseError, InterfaceError) as error:
            self._say("sql", f"schedules cannot be read or recorded: {error}")
            return float(settings.SCHEDULE_POLL_SECONDS)
        self._said.pop("sql", None)
        return self._pause(rows, now=timezone.now())

    def _run_if_due(self, row: PeriodicTask, *, now: datetime) -> None:
        try:
            if slot := find_due_slot(row, now=now):
                job_id = run_slot(row, slot=slot)
                log.info("schedule ran", schedule=row.name, job_id=job_id)
            self._said.pop(row.name, None)
        except StorychainError as error:
            self._say(row.name, f"the schedule cannot run: {error.detail}")

    def _pause(self, rows: list[PeriodicTask], *, now: datetime) -> float:
        """Return seconds until something is due, and never longer than changes may go unseen."""
        due = [slot for row in rows if (slot := find_next_slot(row, after=now))]
        ahead = ((slot - now).total_seconds() for slot in due)
        return min([settings.SCHEDULE_POLL_SECONDS, *ahead])

    def _say(self, name: str, trouble: str) -> None:
        """Log a trouble when it is new, not at every tick that it lasts."""
        if self._said.get(name) != trouble:
            log.error(trouble, schedule=name)
        self._said[name] = trouble
