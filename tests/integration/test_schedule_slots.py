"""Slots as rows: what a beat writes down, what becomes of it, what is told, and the commands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django_celery_beat.models import CrontabSchedule, PeriodicTask
from prometheus_client import CollectorRegistry, generate_latest

from storychain import redis
from storychain.documents import ensure_indexes
from storychain.queues import ledger, records, registry
from storychain.queues.jobs import job
from storychain.queues.models import JobRun
from storychain.queues.scripts import LedgerAway
from storychain.queues.topology import CLEANUP
from storychain.queues.wire import Ask, Outcome
from storychain.schedules import following
from storychain.schedules.alerts import find_alerts
from storychain.schedules.clock import Clock
from storychain.schedules.declarations import Declaration, list_declarations
from storychain.schedules.figures import ScheduleFigures
from storychain.schedules.following import follow_runs, tidy_slots
from storychain.schedules.leader import Leadership, list_beats
from storychain.schedules.models import Slot
from storychain.schedules.patterns import CRON
from storychain.schedules.rows import find_row
from storychain.schedules.sending import run_now, send_pending
from storychain.schedules.slots import find_next_slot, write_due_slots
from storychain.schedules.synchronising import synchronise

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOON = datetime(2031, 5, 6, 12, 0, tzinfo=UTC)
SWEEP = Declaration(name="sweep", job="tests.sweep", timing=("0 * * * *", "UTC"), grace=2 * 3600.0)


@pytest.fixture(autouse=True)
def row(fresh_names: str) -> Iterator[PeriodicTask]:
    """An hourly schedule that has counted since ten."""

    @job(queue=CLEANUP, name="tests.sweep")
    def sweep(*, room: str = "all") -> str:
        return room

    ensure_indexes()
    synchronise([SWEEP])
    PeriodicTask.objects.update(start_time=NOON - 2 * HOUR)
    found = find_row("sweep")
    assert found
    yield found
    registry._JOBS.pop("tests.sweep")


def states() -> list[tuple[int, str]]:
    return [(slot.due_at.hour, slot.state) for slot in Slot.objects.order_by("due_at")]


def fire(row: PeriodicTask, *, now: datetime = NOON) -> Slot:
    """Write the row's slot of now down and send it."""
    write_due_slots(row, now=now)
    send_pending(now=now)
    return Slot.objects.get(schedule=row.name, due_at=now)


def run_job(*, state: str = "completed", text: str = '"all"') -> str:
    """Let the waiting job end as a worker would; return its id."""
    _, (claimed,) = ledger.exchange(queue=CLEANUP, holder="w", ask=Ask(1, 9, str(NOON)))
    outcome = Outcome(claimed.job_id, claimed.token, state, text)
    ledger.exchange(queue=CLEANUP, holder="w", outcomes=[outcome], ask=None)
    return claimed.job_id


def lose_everything() -> None:
    client = redis.client("queue")
    client.delete(*client.keys(redis.key("*")))


# Written down


def test_the_latest_slot_is_to_be_run_and_older_ones_are_missed(row: PeriodicTask) -> None:
    for _ in range(2):
        write_due_slots(row, now=NOON + HOUR / 2)
    assert states() == [(11, "missed"), (12, "pending")]


def test_past_its_grace_the_latest_is_missed_too(row: PeriodicTask) -> None:
    PeriodicTask.objects.update(crontab=CrontabSchedule.objects.create(minute="0", hour="11"))
    write_due_slots(find_row("sweep"), now=NOON + 3 * HOUR)
    assert states() == [(11, "missed")]
    assert "grace" in Slot.objects.get().error


def test_a_slot_is_one_row_whoever_writes_it(row: PeriodicTask) -> None:
    write_due_slots(row, now=NOON)
    with pytest.raises(IntegrityError), transaction.atomic():
        Slot.objects.create(schedule="sweep", due_at=NOON)


def test_a_year_without_a_beat_is_written_down_as_far_as_it_is_kept(row: PeriodicTask) -> None:
    PeriodicTask.objects.update(start_time=NOON - 365 * DAY)
    write_due_slots(find_row("sweep"), now=NOON)
    assert Slot.objects.count() == 2000
    assert Slot.objects.filter(state="pending").count() == 1
    since = f"{NOON - 90 * DAY:%Y-%m-%d %H:%M} UTC"
    (oldest,) = Slot.objects.filter(error__contains="all that came before it")
    assert (since in oldest.error, oldest) == (True, Slot.objects.earliest("due_at"))


def test_after_ninety_days_slots_are_forgotten_but_open_ones(row: PeriodicTask) -> None:
    old = NOON - 91 * DAY
    for n, state in enumerate(("completed", "missed", "pending")):
        Slot.objects.create(schedule="sweep", due_at=old + n * HOUR, state=state)
    Slot.objects.create(schedule="sweep", due_at=NOON - 89 * DAY, state="completed")
    tidy_slots(now=NOON)
    assert sorted(Slot.objects.values_list("state", flat=True)) == ["completed", "pending"]


# What becomes of them


def test_a_run_that_completes_says_when_and_how_long(row: PeriodicTask) -> None:
    fire(row)
    run_job()
    follow_runs(now=NOON)
    slot = Slot.objects.get(due_at=NOON)
    assert (slot.state, slot.attempts, slot.error) == ("completed", 1, "")
    assert slot.duration is not None
    assert slot.started_at


def test_many_that_wait_hide_the_outcome_of_no_later_one(
    row: PeriodicTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "AT_ONCE", 2)
    for hours in (3, 2, 1):
        stuck = {"state": "queued", "job": "tests.sweep", "job_id": "x"}
        Slot.objects.create(schedule="sweep", due_at=NOON - hours * HOUR, queued_at=NOON, **stuck)
    fire(row)
    run_job()
    follow_runs(now=NOON)
    assert states()[-1] == (12, "completed")


@pytest.mark.parametrize("state", ["dead", "failed"])
def test_a_run_that_fails_says_why(row: PeriodicTask, state: str) -> None:
    fire(row)
    run_job(state=state, text="ValueError: no broom")
    follow_runs(now=NOON)
    slot = Slot.objects.get(due_at=NOON)
    assert (slot.state, slot.error) == ("failed", "ValueError: no broom")


def test_what_the_ledger_forgot_is_read_from_the_job_runs(row: PeriodicTask) -> None:
    slot = fire(row)
    lose_everything()
    end_run(slot.job_id, outcome="dead", error="no broom")
    follow_runs(now=NOON + HOUR)
    slot.refresh_from_db()
    assert (slot.state, slot.error, slot.duration) == ("failed", "no broom", 1.5)


def test_what_the_ledger_lost_is_offered_again_and_runs_once(row: PeriodicTask) -> None:
    slot = fire(row)
    lose_everything()
    for _ in range(2):
        follow_runs(now=NOON + HOUR)
    assert [job.id for job in records.list_jobs(queue=CLEANUP, state="waiting")] == [slot.job_id]
    run_job()
    follow_runs(now=NOON + HOUR)
    assert states()[-1] == (12, "completed")


def test_a_failed_run_that_was_replayed_well_counts_as_completed(row: PeriodicTask) -> None:
    slot = fire(row)
    run_job(state="dead", text="no broom")
    follow_runs(now=NOON)
    end_run(slot.job_id, outcome="completed")
    tidy_slots(now=NOON)
    assert states()[-1] == (12, "completed")


def end_run(job_id: str, *, outcome: str, error: str = "") -> None:
    JobRun.objects.create(
        token=1,
        job_id=job_id,
        name="tests.sweep",
        queue=CLEANUP,
        attempt=2,
        started_at=NOON,
        duration=1.5,
        outcome=outcome,
        error=error,
    )


@pytest.mark.parametrize(
    ("change", "why"),
    [({"enabled": False}, "switched off"), ({"name": "renamed"}, "deleted")],
)
def test_a_slot_whose_schedule_went_before_it_ran_is_missed(
    row: PeriodicTask, change: dict[str, Any], why: str
) -> None:
    write_due_slots(row, now=NOON)
    PeriodicTask.objects.update(**change)
    assert send_pending(now=NOON) == 0
    assert states()[-1] == (12, "missed")
    assert why in Slot.objects.get(due_at=NOON).error


def test_a_run_by_hand_leaves_the_times_and_waits_for_the_queue(
    row: PeriodicTask, settings: Any
) -> None:
    there, settings.REDIS_QUEUE_URL = settings.REDIS_QUEUE_URL, "redis://127.0.0.1:1/0"
    redis.disconnect()
    slot = run_now(row, now=NOON)
    assert (slot.state, slot.is_manual, bool(slot.error)) == ("pending", True, True)
    assert find_next_slot(row, after=NOON) == NOON + HOUR
    settings.REDIS_QUEUE_URL = there
    redis.disconnect()
    assert send_pending(now=NOON) == 1
    row.refresh_from_db()
    assert row.last_run_at is None


# Leaders, clocks, alerts


def test_one_leads_until_it_gives_up_or_its_lease_ends() -> None:
    first, second = Leadership(), Leadership()
    assert [first.hold(), second.hold(), first.hold()] == [True, False, True]
    first.say_present(skew=0.5, now=datetime.now(UTC))
    assert [(beat.name, beat.leads, beat.skew) for beat in list_beats()] == [
        (first.name, True, 0.5)
    ]
    first.give_up()
    assert second.hold()
    redis.client("queue").delete(redis.key("sched", "leader"))
    assert first.hold()
    assert not second.hold()


def test_a_beat_that_is_long_silent_is_forgotten() -> None:
    Leadership().say_present(skew=0, now=datetime.now(UTC) - HOUR)
    assert list_beats() == []


def test_while_redis_is_away_the_last_known_difference_holds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock()
    monkeypatch.setattr(clock, "read_host", lambda: NOON + HOUR)
    monkeypatch.setattr(clock, "read_shared", lambda: NOON)
    assert (clock.now(), clock.is_off) == (NOON, True)

    def away() -> datetime:
        raise LedgerAway

    monkeypatch.setattr(clock, "read_shared", away)
    monkeypatch.setattr(clock, "read_host", lambda: NOON + 2 * HOUR)
    assert clock.now() == NOON + HOUR


def test_a_slot_that_does_not_begin_is_overdue_also_where_no_beat_runs(
    row: PeriodicTask,
) -> None:
    (alert,) = find_alerts(now=NOON + HOUR / 2)
    assert (alert.name, alert.kind) == ("sweep", "overdue")
    assert "no beat took note" in alert.detail
    fire(row)
    assert find_alerts(now=NOON) == []
    (alert,) = find_alerts(now=NOON + HOUR / 2)
    assert "has not begun" in alert.detail


def test_a_run_that_lasts_too_long_is_told_of(row: PeriodicTask) -> None:
    slot = fire(row)
    Slot.objects.filter(pk=slot.pk).update(started_at=NOON)
    assert find_alerts(now=NOON + timedelta(minutes=9)) == []
    (alert,) = find_alerts(now=NOON + timedelta(minutes=11))
    assert (alert.kind, "660 s" in alert.detail) == ("long", True)


def test_the_figures_show_alerts_outcomes_and_clocks(row: PeriodicTask) -> None:
    fire(row)
    Slot.objects.update(state="completed", duration=0.25)
    leader = Leadership()
    leader.hold()
    leader.say_present(skew=7.0, now=datetime.now(UTC))
    registry = CollectorRegistry()
    registry.register(ScheduleFigures())
    text = generate_latest(registry).decode()
    assert 'storychain_schedule_alert{kind="overdue",schedule="sweep"} 0.0' in text
    assert 'storychain_schedule_last_ok{schedule="sweep"} 1.0' in text
    assert 'storychain_schedule_last_seconds{schedule="sweep"} 0.25' in text
    assert f'storychain_beat_clock_skew_seconds{{beat="{leader.name}"}} 7.0' in text
    (alert,) = find_alerts(now=NOON)
    assert (alert.name, alert.kind) == (leader.name, "clock")


# Commands


def call(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    call_command("schedules", *words, "--json")
    return json.loads(capsys.readouterr().out)


def test_the_commands_speak_json(row: PeriodicTask, capsys: pytest.CaptureFixture[str]) -> None:
    (listed,) = call(capsys, "list")
    assert (listed["schedule"], listed["on"], listed["when"]) == ("sweep", True, "Every hour UTC")
    assert len(call(capsys, "next", "--count", "3", "--name", "sweep")) == 3
    (run,) = call(capsys, "run", "sweep")
    assert (run["outcome"], run["by_hand"]) == ("queued", True)
    assert [found["job_id"] for found in call(capsys, "history", "sweep")] == [run["job_id"]]
    assert call(capsys, "history", "--outcome", "failed") == []


def test_a_run_that_does_not_complete_in_time_has_an_exit_code_of_its_own() -> None:
    with pytest.raises(CommandError) as ended:
        call_command("schedules", "run", "sweep", "--wait", "1")
    assert ended.value.returncode == 3


def test_a_schedule_is_made_and_changed_from_the_command_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = [
        "set",
        "mine",
        "--job",
        "tests.sweep",
        "--cron",
        "5 4 * * *",
        "--zone",
        "Europe/Berlin",
    ]
    (made,) = call(capsys, *words, "--args", '{"room": "hall"}', "--grace", "600")
    assert (made["schedule"], made["on"]) == ("mine", True)
    (changed,) = call(capsys, "set", "mine", "--off")
    assert not changed["on"]
    mine = find_row("mine")
    assert mine
    assert (mine.kwargs, mine.terms.grace, mine.crontab.hour) == ('{"room": "hall"}', 600.0, "4")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["next", "--count", "0"], "whole number from 1"),
        (["history", "--count", "many"], "whole number from 1"),
        (["history", "--outcome", "fine"], "invalid choice"),
        (["run"], "required: name"),
        (["run", "gone"], "there are sweep"),
        (["history", "gone"], "there are sweep"),
        (["set", "gone", "--off"], "there are sweep"),
        (["set", "sweep", "--cron", "0 0 30 2 *"], "cron: .*never occurs"),
        (["set", "sweep", "--zone", "Mars"], "no time zone"),
        (["set", "sweep", "--job", "tests.gone"], "job: No job is named tests.gone"),
        (["set", "sweep", "--args", '{"floor": 1}'], "args: .*floor"),
        (["set", "sweep", "--args", "{"], "args: .*valid JSON"),
        (["set", "sweep", "--grace", "1"], "grace: "),
        (["set", "sweep", "--grace", "700000"], "grace: "),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason_and_changes_nothing(
    words: list[str], why: str
) -> None:
    before = PeriodicTask.objects.values().get()
    with pytest.raises(CommandError, match=why):
        call_command("schedules", *words)
    assert PeriodicTask.objects.values().get() == before
    assert not Slot.objects.exists()


# What there is


def test_the_schedules_of_the_table_are_declared_at_their_times() -> None:
    table = {
        "cleanup-old-autosaves": "3 3 * * *",
        "cleanup-expired-sessions": "7 4 * * *",
        "cleanup-old-notifications": "11 5 * * 0",
        "refresh-trending-stories": "*/30 * * * *",
        "aggregate-daily-stats": "1 0 * * *",
        "health-check": "*/5 * * * *",
        "cleanup-old-logs": None,
        "send-notification-digests": None,
        "purge-expired-exports": None,
        "publish-due-chapters": None,
        "prune-outbox": None,
    }
    declared = {found.name: found.timing[0] for found in list_declarations()}
    assert set(declared) == set(table)
    assert {name: declared[name] for name, cron in table.items() if cron} == {
        name: cron for name, cron in table.items() if cron
    }
    assert len(set(declared.values())) == len(declared)  # each at minutes of its own


def test_the_seeds_patterns_exist_by_name() -> None:
    assert {name: value for name, value in vars(CRON).items() if name.isupper()} == {
        "EVERY_MINUTE": "* * * * *",
        "EVERY_5_MINUTES": "*/5 * * * *",
        "EVERY_15_MINUTES": "*/15 * * * *",
        "EVERY_30_MINUTES": "*/30 * * * *",
        "EVERY_HOUR": "0 * * * *",
        "EVERY_DAY_MIDNIGHT": "0 0 * * *",
        "EVERY_DAY_3AM": "0 3 * * *",
        "EVERY_SUNDAY": "0 0 * * 0",
    }
