"""Celery beat's scheduler: writes each slot down that has come, and makes a job of it.

1. The rows are read anew, so that what an operator changes counts at the next tick. Whom SQL does
   not answer gives up the lease and waits longer than the others, one of whom may reach it.
2. Who stands by looks again soon (leader.py); who leads writes the slots down that have come
   (slots.py).
3. What is written down is enqueued (sending.py); while the queue is away it waits in SQL.
4. What became of earlier ones is written beside them (following.py).
5. What somebody should look at is logged (alerts.py).

While SQL does not answer nothing is run, as without it nobody knows what was; afterwards the slots
are found again from the last ones that are written down.
"""

import time
from datetime import datetime
from typing import Any

import structlog
from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections
from django_celery_beat.models import PeriodicTask
from django_celery_beat.schedulers import DatabaseScheduler

from storychain.queues.scripts import LedgerAway
from storychain.schedules.alerts import log_alerts
from storychain.schedules.clock import Clock, clock
from storychain.schedules.following import follow_runs, tidy_slots
from storychain.schedules.leader import Leadership
from storychain.schedules.rows import list_rows
from storychain.schedules.sending import send_pending
from storychain.schedules.slots import find_next_slot, write_due_slots
from storychain.schedules.timing import BadTiming

log = structlog.get_logger(__name__)
STANDS_BACK = 2  # looks of a stand-by that whom SQL does not answer leaves out


class SlotScheduler(DatabaseScheduler):  # type: ignore[misc]  # the package has no types
    """What `celery beat --scheduler` is given."""

    _said: dict[str, str]
    _clock: Clock
    _leadership: Leadership
    _tidied_at: float

    def setup_schedule(self) -> None:
        """Install nothing: all schedules are rows."""
        self._said, self._tidied_at = {}, 0.0
        self._clock, self._leadership = clock(), Leadership()

    def tick(self, *_: object, **__: object) -> float:
        """Do what is due; return the seconds until the next look."""
        close_old_connections()
        now = self._clock.now()
        self._tell_clock()
        try:
            rows = list_rows(enabled=True)
            if not self._leads(now):
                return float(settings.SCHEDULE_POLL_SECONDS)
            self._work(rows, now)
            self._recover("sql")
        except (DatabaseError, InterfaceError) as error:
            self._say("sql", f"schedules cannot be read or recorded: {error}")
            self._leadership.give_up()
            self._say_present(now)
            return STANDS_BACK * settings.SCHEDULE_POLL_SECONDS
        return self._pause(rows, now=self._clock.now())

    def close(self) -> None:
        """Let a stand-by take over at once."""
        super().close()
        self._leadership.give_up()

    def sync(self) -> None:
        """Write nothing: what counts was written at once."""

    def _leads(self, now: datetime) -> bool:
        """Tell whether this beat fires, and operators of it."""
        led, fires = self._leadership.leads, self._leadership.hold()
        if self._leadership.leads != led:
            log.info("leads" if self._leadership.leads else "stands by", beat=self._leadership.name)
        self._say_present(now)
        return fires

    def _say_present(self, now: datetime) -> None:
        self._leadership.say_present(skew=self._clock.skew.total_seconds(), now=now)

    def _work(self, rows: list[PeriodicTask], now: datetime) -> None:
        for row in rows:
            self._write_slots(row, now)
        try:
            send_pending(now=now)
            self._recover("queue")
        except LedgerAway as away:
            self._say("queue", f"slots wait for the queue: {away.detail}")
        follow_runs(now=now)
        if time.monotonic() - self._tidied_at > settings.SCHEDULE_TIDY_SECONDS:
            tidy_slots(now=now)
            log_alerts(now=now)
            self._tidied_at = time.monotonic()

    def _write_slots(self, row: PeriodicTask, now: datetime) -> None:
        try:
            written = write_due_slots(row, now=now)
            self._recover(row.name)
        except BadTiming as wrong:
            self._say(row.name, f"the schedule cannot run: {wrong.detail}")
            return
        if missed := [slot for slot in written if slot.error]:
            log.warning("slots missed", schedule=row.name, count=len(missed))

    def _pause(self, rows: list[PeriodicTask], *, now: datetime) -> float:
        """Return seconds until something is due, and never longer than changes may go unseen."""
        due = [slot for row in rows if (slot := find_next_slot(row, after=now))]
        ahead = ((slot - now).total_seconds() for slot in due)
        return float(min([settings.SCHEDULE_POLL_SECONDS, *ahead]))

    def _tell_clock(self) -> None:
        if self._clock.is_off:
            self._say(
                "clock",
                "this host's clock is wrong",
                seconds=round(self._clock.skew.total_seconds()),
            )
        else:
            self._recover("clock")

    def _say(self, name: str, trouble: str, **more: Any) -> None:
        """Log a trouble when it is new, not at every tick that it lasts."""
        if self._said.get(name) != trouble:
            log.error(trouble, schedule=name, **more)
        self._said[name] = trouble

    def _recover(self, name: str) -> None:
        if self._said.pop(name, None):
            log.warning("over", schedule=name)
