"""Schedules in SQL: code meets operators, and each slot becomes one job in a real ledger."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import OperationalError
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, PeriodicTask, PeriodicTasks, SolarSchedule

from storychain.queues import records, registry
from storychain.queues.jobs import Job, job
from storychain.queues.topology import CLEANUP
from storychain.schedules import declarations
from storychain.schedules.declarations import Declaration, schedule
from storychain.schedules.health import scheduler_health
from storychain.schedules.leader import list_beats
from storychain.schedules.models import Slot
from storychain.schedules.scheduler import SlotScheduler
from storychain.schedules.synchronising import synchronise

pytestmark = pytest.mark.django_db

HOURLY = Declaration(
    name="sweep", job="tests.sweep", timing=("0 * * * *", "UTC"), args={"room": "hall"}
)


def declared(**changes: Any) -> Declaration:
    """Return the declaration with changes."""
    return Declaration(**(vars(HOURLY) | changes))


@pytest.fixture(autouse=True)
def sweep() -> Iterator[Job[Any, Any]]:
    """A job that schedules may run."""

    @job(queue=CLEANUP, name="tests.sweep")
    def sweep(*, room: str = "all") -> str:
        return room

    yield sweep
    registry._JOBS.pop("tests.sweep")


@pytest.fixture
def beat(monkeypatch: pytest.MonkeyPatch) -> SlotScheduler:
    """A beat's scheduler in this process; each tick is a look at the rows."""
    from config.celery import app

    # A test is one transaction, which ends with its connection.
    monkeypatch.setattr("storychain.schedules.scheduler.close_old_connections", lambda: None)

    return SlotScheduler(app=app)


@pytest.fixture
def row() -> PeriodicTask:
    """The schedule as synchronised two hours ago."""
    synchronise([HOURLY])
    PeriodicTask.objects.update(start_time=timezone.now() - timedelta(hours=2))
    return PeriodicTask.objects.get()


def last_hour() -> datetime:
    """Return the latest full hour."""
    return timezone.now().replace(minute=0, second=0, microsecond=0)


def waiting() -> list[records.JobRecord]:
    """Return the jobs that wait in the ledger."""
    return records.list_jobs(queue=CLEANUP, state="waiting")


# Code meets the table


def test_what_is_declared_becomes_a_row() -> None:
    outcome = synchronise([HOURLY])
    row = PeriodicTask.objects.get()
    assert outcome.created == ["sweep"]
    assert (row.name, row.task, row.kwargs, row.enabled) == (
        "sweep",
        "tests.sweep",
        '{"room": "hall"}',
        True,
    )
    assert (row.crontab.minute, row.crontab.hour, str(row.crontab.timezone)) == ("0", "*", "UTC")


def test_synchronising_again_touches_nothing(row: PeriodicTask) -> None:
    before = (PeriodicTask.objects.values().get(), PeriodicTasks.objects.values().get())
    outcome = synchronise([HOURLY])
    assert not any(vars(outcome).values())
    assert (PeriodicTask.objects.values().get(), PeriodicTasks.objects.values().get()) == before


def test_what_code_changes_reaches_the_row_and_only_that(row: PeriodicTask) -> None:
    outcome = synchronise([declared(timing=("5 3 * * *", "Europe/Berlin"), description="Tidies.")])
    row.refresh_from_db()
    assert outcome.updated == ["sweep"]
    assert (row.crontab.minute, row.crontab.hour, str(row.crontab.timezone)) == (
        "5",
        "3",
        "Europe/Berlin",
    )
    assert row.description == "Tidies."


def test_what_an_operator_changed_stays_and_the_rest_follows_the_code(row: PeriodicTask) -> None:
    row.crontab = CrontabSchedule.objects.create(minute="30")
    row.enabled = False
    row.save()
    outcome = synchronise([declared(timing=("5 3 * * *", "UTC"), args={"room": "attic"})])
    row.refresh_from_db()
    assert outcome.kept == {"sweep": ["timing"]}
    assert (row.crontab.minute, row.enabled, row.kwargs) == ("30", False, '{"room": "attic"}')


def test_an_operators_change_outlives_many_deploys_and_ends_when_taken_back(
    row: PeriodicTask,
) -> None:
    row.kwargs = '{"room": "cellar"}'
    row.save()
    for n in range(3):
        synchronise([declared(description=f"deploy {n}")])
    row.refresh_from_db()
    assert row.kwargs == '{"room": "cellar"}'
    row.kwargs = '{"room": "hall"}'
    row.save()
    synchronise([declared(args={"room": "attic"})])
    row.refresh_from_db()
    assert row.kwargs == '{"room": "attic"}'


def test_what_left_the_code_is_switched_off_and_on_again_when_it_is_back(row: PeriodicTask) -> None:
    assert synchronise([]).disabled == ["sweep"]
    assert synchronise([]).disabled == []
    assert not PeriodicTask.objects.get().enabled
    assert synchronise([HOURLY]).enabled == ["sweep"]
    assert PeriodicTask.objects.get().enabled


def test_what_an_operator_switched_off_stays_off_when_code_leaves_and_comes_back(
    row: PeriodicTask,
) -> None:
    row.enabled = False
    row.save()
    synchronise([])
    synchronise([HOURLY])
    assert not PeriodicTask.objects.get().enabled


def test_schedules_that_operators_made_are_left_alone() -> None:
    mine = PeriodicTask.objects.create(
        name="mine", task="tests.sweep", crontab=CrontabSchedule.objects.create()
    )
    assert not any(vars(synchronise([])).values())
    mine.refresh_from_db()
    assert mine.enabled


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"cron": "* * *"}, "five fields"),
        ({"cron": "0 0 31 2 *"}, "never occurs"),
        ({"args": {"floor": 3}}, "floor"),
        ({"zone": "Mars"}, "Mars"),
    ],
)
def test_a_declaration_that_would_never_run_stops_the_start(
    sweep: Job[Any, Any], changes: dict[str, Any], why: str
) -> None:
    with pytest.raises(ImproperlyConfigured, match=why):
        schedule(**{"name": "wrong", "job": sweep, "cron": "* * * * *", **changes})
    assert "wrong" not in declarations._DECLARED


def test_the_commands_say_what_is_there(
    row: PeriodicTask, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("schedules", "list")
    call_command("schedules", "next", "--count", "3")
    said = capsys.readouterr().out
    assert "Every hour UTC" in said
    assert said.count(f"{last_hour() + timedelta(hours=2):%Y-%m-%d %H:00:00}") == 1


# Slots become jobs


def test_a_due_slot_becomes_one_job_by_two_beats_and_a_restarted_one(
    row: PeriodicTask, beat: SlotScheduler
) -> None:
    beat.tick()
    PeriodicTask.objects.update(last_run_at=None)  # as if it died before it could say so
    Slot.objects.filter(state="queued").update(state="pending")
    beat._leadership.give_up()
    SlotScheduler(app=beat.app).tick()
    slot = f"{last_hour():%Y-%m-%dT%H:%M:%SZ}"
    assert [(found.id, found.slot, found.args) for found in waiting()] == [
        (f"sched:sweep:{slot}", slot, {"room": "hall"})
    ]
    row.refresh_from_db()
    assert row.last_run_at == last_hour()


def test_of_many_missed_slots_only_the_latest_is_run(
    row: PeriodicTask, beat: SlotScheduler
) -> None:
    PeriodicTask.objects.update(start_time=timezone.now() - timedelta(days=9))
    for _ in range(3):
        beat.tick()
    assert [found.slot for found in waiting()] == [f"{last_hour():%Y-%m-%dT%H:%M:%SZ}"]


def test_a_fixed_hour_is_caught_up_however_long_ago_it_was(beat: SlotScheduler) -> None:
    hour = (timezone.now() - timedelta(hours=7)).hour
    synchronise([declared(timing=(f"0 {hour} * * *", "UTC"))])
    PeriodicTask.objects.update(start_time=timezone.now() - timedelta(days=1, hours=2))
    beat.tick()
    assert len(waiting()) == 1


@pytest.mark.parametrize("change", ["new", "enabled", "moved"])
def test_nothing_is_caught_up_from_before_a_new_start(
    row: PeriodicTask, beat: SlotScheduler, change: str
) -> None:
    if change == "new":
        row.delete()
        synchronise([HOURLY])
    elif change == "enabled":
        row.enabled = False
        row.save()
        row.enabled = True
        row.save()
    else:
        row.crontab = CrontabSchedule.objects.create(minute="*/30")
        row.save()
    beat.tick()
    assert waiting() == []


def test_a_change_of_words_does_not_lose_a_slot_that_is_due(
    row: PeriodicTask, beat: SlotScheduler
) -> None:
    row.description = "Sweeps."
    row.save()
    beat.tick()
    assert len(waiting()) == 1


def test_what_is_off_does_not_run(row: PeriodicTask, beat: SlotScheduler) -> None:
    PeriodicTask.objects.update(enabled=False)  # the way of bulk updates, which announce nothing
    beat.tick()
    assert waiting() == []


def test_a_schedule_that_cannot_run_is_told_once_and_stops_no_other(
    row: PeriodicTask, beat: SlotScheduler, caplog: pytest.LogCaptureFixture
) -> None:
    PeriodicTask.objects.create(name="a-ghost", task="tests.gone", crontab=row.crontab)
    PeriodicTask.objects.create(
        name="b-shape", task="tests.sweep", kwargs='{"floor": 1}', crontab=row.crontab
    )
    for name, kwargs in (("c-json", "{"), ("d-list", "[1]"), ("e-option", '{"job_id": "x"}')):
        PeriodicTask.objects.create(
            name=name, task="tests.sweep", kwargs=kwargs, crontab=row.crontab
        )
    solar = SolarSchedule.objects.create(event="sunset", latitude=48, longitude=11)
    PeriodicTask.objects.create(name="f-sun", task="tests.sweep", solar=solar)
    PeriodicTask.objects.update(start_time=timezone.now() - timedelta(hours=2))
    for _ in range(3):
        beat.tick()
    assert [found.name for found in waiting()] == ["tests.sweep"]
    text = caplog.text
    told = [line for line in text.splitlines() if "cannot run" in line]
    assert [line for line in told if "tests.gone" in line] == told[1:2]
    assert sum("floor" in line for line in told) == 1
    assert sum("no JSON object" in line for line in told) == 2
    assert sum("job_id cannot be set" in line for line in told) == 1
    assert sum("Only cron patterns and intervals" in line for line in told) == 1


def test_a_slot_waits_while_the_ledger_is_away(
    row: PeriodicTask, beat: SlotScheduler, settings: Any
) -> None:
    there = settings.REDIS_QUEUE_URL
    from storychain import redis

    settings.REDIS_QUEUE_URL = "redis://127.0.0.1:1/0"
    redis.disconnect()
    beat.tick()
    assert PeriodicTask.objects.get().last_run_at is None
    settings.REDIS_QUEUE_URL = there
    redis.disconnect()
    beat.tick()
    assert len(waiting()) == 1


def test_nothing_runs_and_nobody_falls_while_sql_is_away(
    row: PeriodicTask,
    beat: SlotScheduler,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    settings: Any,
) -> None:
    def locked(**_: Any) -> list[PeriodicTask]:
        raise OperationalError("database is locked")

    with monkeypatch.context() as patched:
        patched.setattr("storychain.schedules.scheduler.list_rows", locked)
        pauses = [beat.tick() for _ in range(3)]
        assert min(pauses) > settings.SCHEDULE_POLL_SECONDS  # a stand-by looks before it again
    assert waiting() == []
    assert caplog.text.count("database is locked") == 1
    beat.tick()
    assert len(waiting()) == 1


@pytest.mark.parametrize("part", ["list_rows", "write_due_slots"])
def test_a_leader_whom_sql_does_not_answer_makes_room(
    row: PeriodicTask, beat: SlotScheduler, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    beat.tick()
    other = SlotScheduler(app=beat.app)
    other.tick()
    assert (beat._leadership.leads, other._leadership.leads) == (True, False)

    def gone(*_: Any, **__: Any) -> None:
        raise OperationalError("the connection is lost")

    with monkeypatch.context() as patched:
        patched.setattr(f"storychain.schedules.scheduler.{part}", gone)
        beat.tick()
        assert [found.leads for found in list_beats()] == [False, False]
    other.tick()
    beat.tick()
    assert (beat._leadership.leads, other._leadership.leads) == (False, True)


def test_beat_installs_no_job_of_its_own(beat: SlotScheduler) -> None:
    beat.tick()
    assert not PeriodicTask.objects.exists()


def test_beat_sleeps_until_the_next_slot_but_never_long(
    row: PeriodicTask, beat: SlotScheduler, settings: Any
) -> None:
    assert 0 < beat.tick() <= settings.SCHEDULE_POLL_SECONDS


def test_health_counts_what_is_on_and_names_the_next_run(row: PeriodicTask) -> None:
    assert scheduler_health() == {
        "registeredJobs": 1,
        "nextRun": (last_hour() + timedelta(hours=1)).astimezone(UTC).isoformat(),
    }
    PeriodicTask.objects.update(enabled=False)
    assert scheduler_health() == {"registeredJobs": 0, "nextRun": None}
