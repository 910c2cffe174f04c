"""A month of five schedules through the tables and the ledger, by two beats that die at times."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django_celery_beat.models import PeriodicTask

from storychain.queues import records, registry
from storychain.queues.jobs import job
from storychain.queues.topology import CLEANUP
from storychain.schedules.declarations import Declaration
from storychain.schedules.models import Slot, State
from storychain.schedules.rows import list_rows
from storychain.schedules.sending import send_pending
from storychain.schedules.slots import name_job, write_due_slots
from storychain.schedules.synchronising import synchronise
from storychain.schedules.timing import read_cron, walk_back

BEGIN, END = datetime(2031, 10, 1, tzinfo=UTC), datetime(2031, 11, 1, tzinfo=UTC)
OUTAGE = (datetime(2031, 10, 7, 2, 50, tzinfo=UTC), datetime(2031, 10, 7, 16, 10, tzinfo=UTC))
FIVE = {
    "nightly": ("3 3 * * *", "UTC"),
    "weekly": ("11 5 * * 0", "UTC"),
    "six-hourly": ("17 */6 * * *", "UTC"),
    "twice": ("0 */12 * * *", "UTC"),
    "berlin": ("30 2 * * *", "Europe/Berlin"),  # its clocks change on the 26th
}
pytestmark = pytest.mark.django_db


@pytest.fixture
def five(fresh_names: str) -> Iterator[None]:
    @job(queue=CLEANUP, name="tests.sweep")
    def sweep() -> None: ...

    synchronise(Declaration(name=name, job="tests.sweep", timing=at) for name, at in FIVE.items())
    PeriodicTask.objects.update(start_time=BEGIN - timedelta(seconds=1))
    yield
    registry._JOBS.pop("tests.sweep")


def look(now: datetime, chance: random.Random, behind: list[PeriodicTask]) -> list[PeriodicTask]:
    """Be one tick of a beat; it may die between any two steps, or know only older rows."""
    rows = list_rows(enabled=True)
    for row in behind if chance.random() < 0.2 else rows:
        write_due_slots(row, now=now)
        if chance.random() < 0.01:
            return rows
    if chance.random() < 0.9:
        send_pending(now=now)
    if chance.random() < 0.1:  # it died before it could note what it had sent
        sent = Slot.objects.filter(state=State.QUEUED, queued_at=now)
        sent.update(state=State.PENDING, queued_at=None)
    return rows


def test_every_slot_is_written_down_once_and_each_that_is_run_is_one_job(five: None) -> None:
    chance, now, rows = random.Random(7), BEGIN, list_rows()
    while now < END:
        now += timedelta(seconds=chance.uniform(300, 6000))
        if not OUTAGE[0] <= now < OUTAGE[1]:
            rows = look(min(now, END), chance, rows)
    for row in list_rows():
        write_due_slots(row, now=END)
    send_pending(now=END)

    due = {
        (name, slot)
        for name, (pattern, zone) in FIVE.items()
        for slot in walk_back(
            read_cron(pattern, zone=zone), latest=END, since=BEGIN - timedelta(seconds=1)
        )
        if BEGIN <= slot <= END and read_cron(pattern, zone=zone).last_slot(until=slot) == slot
    }
    written = list(Slot.objects.values_list("schedule", "due_at", "state"))
    assert sorted((name, at) for name, at, _ in written) == sorted(due)
    pages = (
        records.list_jobs(queue=CLEANUP, state="waiting", offset=start, limit=100)
        for start in range(0, 300, 100)
    )
    jobs = [found for page in pages for found in page]
    run = sorted(name_job(name, at) for name, at, state in written if state == "queued")
    assert sorted(found.id for found in jobs) == run
    assert {state for _, _, state in written} == {"queued", "missed"}
    counts = {name: sum(name == other for other, _, _ in written) for name in FIVE}
    assert counts == {
        "nightly": 31,
        "weekly": 4,
        "six-hourly": 124,
        "twice": 63,  # with the midnight at its end
        "berlin": 31,
    }
