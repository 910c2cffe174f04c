"""Beats that die, stand still and double; clocks, queues and SQL that fail: a slot runs once."""

from __future__ import annotations

import signal
import subprocess
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from storychain.schedules.leader import list_beats
from tests.queueing.servers import QueueRedis
from tests.queueing.workers import Crew, wait_until
from tests.scheduling.beats import Beats, Sql, read_trace, seconds_between

SECOND = timedelta(seconds=1)
pytestmark = pytest.mark.timeout(300)  # each starts several processes


def wait_for_runs(trace: str, count: int) -> list[datetime]:
    """Wait until jobs have had their effect so often; return their slots."""
    wait_until(lambda: len(read_trace(trace)) >= count, seconds=60)
    return read_trace(trace)


def assert_once(sql: Sql, name: str, trace: str) -> None:
    """Every slot is written down, and those that were to be run have had their effect once."""
    sql.ask("UPDATE django_celery_beat_periodictask SET enabled = FALSE")
    wait_until(lambda: not sql.slots(name, "pending", "queued"), seconds=30)
    assert sql.slots(name) == seconds_between(sql.slots(name))
    assert read_trace(trace) == sql.slots(name, "completed")


def test_of_two_beats_one_fires_and_the_other_takes_over_when_it_stands_still(
    beats: Beats, sql: Sql, worker: Crew, trace: str
) -> None:
    first, second = beats.start_together(2)
    sql.add("pulse", trace)
    wait_for_runs(trace, 3)
    leader, other = sorted((first, second), key=beats.leads, reverse=True)
    assert not beats.leads(other)
    leader.send_signal(signal.SIGSTOP)
    wait_until(lambda: beats.leads(other), seconds=30)
    seen = len(read_trace(trace))
    wait_for_runs(trace, seen + 3)
    leader.send_signal(signal.SIGCONT)
    seen = len(read_trace(trace))
    wait_for_runs(trace, seen + 3)
    assert beats.leads(other)
    assert_once(sql, "pulse", trace)


def test_a_beat_that_stops_as_it_should_hands_over_at_once(
    beats: Beats, sql: Sql, worker: Crew, trace: str
) -> None:
    first, second = sorted(beats.start_together(2), key=beats.leads, reverse=True)
    first.send_signal(signal.SIGTERM)
    assert first.wait(timeout=30) == 0
    wait_until(lambda: beats.leads(second))
    assert [beat.leads for beat in list_beats()] == [True]


@pytest.mark.parametrize("seconds", ["0", "0.1", "2"])
def test_a_beat_that_is_killed_after_it_sent_repeats_nothing_and_loses_nothing(
    beats: Beats, sql: Sql, worker: Crew, trace: str, seconds: str
) -> None:
    doomed = beats.start(DIES_AFTER=seconds)
    sql.add("pulse", trace)
    assert doomed.wait(timeout=60) == -signal.SIGKILL
    seen = len(wait_for_runs(trace, 1))
    beats.start_ready()
    wait_for_runs(trace, seen + 2)
    assert_once(sql, "pulse", trace)


def test_what_came_due_while_the_queue_was_down_runs_when_it_is_back(
    queue_redis: QueueRedis, beats: Beats, sql: Sql, crew: Crew, trace: str
) -> None:
    beats.start_ready()
    queue_redis.kill()
    sql.add("pulse", trace)
    wait_until(lambda: len(sql.slots("pulse", "pending")) >= 3, seconds=60)
    (why,) = sql.ask("SELECT error FROM schedules_slot WHERE error != '' LIMIT 1")[0]
    assert "ledger" in why
    waiting = sql.slots("pulse", "pending")
    queue_redis.start()
    crew.start(DATABASE_URL=sql.url)
    wait_until(lambda: set(waiting) <= set(read_trace(trace)), seconds=60)
    assert_once(sql, "pulse", trace)


def test_a_queue_that_lost_everything_is_told_again(
    queue_redis: QueueRedis, beats: Beats, sql: Sql, crew: Crew, trace: str
) -> None:
    sql.add("pulse", trace)
    beats.start_ready()
    wait_until(lambda: len(sql.slots("pulse", "queued")) >= 2, seconds=60)
    sql.ask("UPDATE django_celery_beat_periodictask SET enabled = FALSE")
    wait_until(lambda: not sql.slots("pulse", "pending"))
    sql.ask("UPDATE django_celery_beat_periodictask SET enabled = TRUE, start_time = '2100-01-01'")
    with queue_redis.client() as client:
        client.flushall()
    crew.start(DATABASE_URL=sql.url)
    wait_until(lambda: not sql.slots("pulse", "queued"), seconds=60)
    assert read_trace(trace) == sql.slots("pulse", "completed")
    assert len(read_trace(trace)) >= 2


def test_a_slot_that_came_while_no_beat_ran_is_caught_up_and_the_next_is_not_early(
    beats: Beats, sql: Sql, worker: Crew, trace: str
) -> None:
    day = datetime(2031, 5, 6, tzinfo=UTC)
    slot = day.replace(hour=3)
    sql.add("nightly", trace, cron="0 3 * * *", since=day)

    def run_beat_at(hour: int, minute: int, *, days: int = 0, second: int = 0) -> None:
        at = day + timedelta(days=days, hours=hour, minutes=minute, seconds=second)
        running.append(beats.start_ready(BEGINS_AT=at.isoformat()))

    running: list = []

    def end_beat() -> None:
        running[-1].kill()
        running[-1].wait()

    run_beat_at(2, 50)
    end_beat()
    assert sql.slots("nightly") == []
    run_beat_at(6, 10)
    assert wait_for_runs(trace, 1) == [slot]
    end_beat()
    run_beat_at(0, 59, days=1, second=57)
    wait_until(
        lambda: beats.find(running[-1]).said_at > (day + timedelta(days=1, hours=1)).timestamp(),
        seconds=60,
    )
    end_beat()
    assert sql.slots("nightly") == [slot]
    run_beat_at(2, 59, days=1, second=58)
    assert wait_for_runs(trace, 2) == [slot, slot + timedelta(days=1)]


def test_past_its_grace_a_slot_is_missed_with_the_reason(
    beats: Beats, sql: Sql, trace: str
) -> None:
    day = datetime(2031, 5, 6, tzinfo=UTC)
    sql.add("nightly", trace, cron="0 3 * * *", since=day)
    beats.start_ready(BEGINS_AT=(day + timedelta(days=1, hours=20)).isoformat())
    wait_until(lambda: len(sql.slots("nightly", "missed")) == 2)
    assert [why for (why,) in sql.ask("SELECT error FROM schedules_slot ORDER BY due_at")] == [
        "Nobody was there to run it, and a later one has come.",
        "Nobody was there to run it until after its grace.",
    ]


def test_what_an_operator_edits_disables_and_deletes_counts_within_five_seconds(
    beats: Beats, sql: Sql, worker: Crew, trace: str
) -> None:
    beat = beats.start_ready()
    rows = "django_celery_beat_periodictask"
    sql.add("pulse", trace)
    wait_for_runs(trace, 2)
    other = f"{trace}.other"
    sql.ask(f"UPDATE {rows} SET kwargs = ?", f'{{"trace": "{other}"}}')  # noqa: S608
    told = datetime.now(UTC)
    first = wait_for_runs(other, 2)[0]
    assert first - told < 5 * SECOND
    sql.ask(f"UPDATE {rows} SET enabled = FALSE")  # noqa: S608
    assert_still(sql, "pulse", beats, beat)
    sql.ask(f"UPDATE {rows} SET enabled = TRUE, start_time = ?", datetime.now(UTC).isoformat(" "))  # noqa: S608
    wait_for_runs(other, len(read_trace(other)) + 2)
    sql.ask(f"DELETE FROM {rows}")  # noqa: S608
    assert_still(sql, "pulse", beats, beat)
    runs = read_trace(trace) + read_trace(other)
    assert len(runs) == len(set(runs))


def assert_still(sql: Sql, name: str, beats: Beats, beat: subprocess.Popen[bytes]) -> None:
    """See that from the second look on, and within five seconds, no slot is written down."""
    told = datetime.now(UTC)
    for _ in range(2):  # the first may have begun before
        said = beats.find(beat).said_at
        wait_until(lambda said=said: beats.find(beat).said_at > said)
    wait_until(lambda: datetime.now(UTC) > told + 3 * SECOND)  # the pulse would come each second
    assert sql.slots(name)[-1] < told + SECOND


def test_a_host_an_hour_off_fires_on_time_and_is_told_of(
    beats: Beats, sql: Sql, worker: Crew, trace: str
) -> None:
    sql.add("pulse", trace)
    beat = beats.start_ready(HOST_AHEAD="3600")
    runs = wait_for_runs(trace, 3)
    assert abs(runs[-1] - datetime.now(UTC)) < timedelta(minutes=1)
    assert beats.find(beat).skew == pytest.approx(3600, abs=5)
    wait_until(lambda: "this host's clock is wrong" in beats.log())
    wait_until(lambda: "Its host's clock is +36" in beats.log(), seconds=60)
    assert_once(sql, "pulse", trace)


def test_while_sql_is_locked_nothing_fires_and_then_the_latest_does(
    beats: Beats, sql: Sql, worker: Crew, trace: str
) -> None:
    sql.add("pulse", trace)
    beats.start_ready()
    seen = len(wait_for_runs(trace, 2))
    with closing(sql.connect()) as writer:
        writer.execute("BEGIN IMMEDIATE")
        locked_at = datetime.now(UTC)
        wait_until(lambda: datetime.now(UTC) > locked_at + 6 * SECOND)
        during = [slot for slot in sql.slots("pulse") if slot > locked_at]
        writer.execute("ROLLBACK")
    assert during == []
    wait_for_runs(trace, seen + 3)
    assert_once(sql, "pulse", trace)


def test_beat_worker_and_others_write_to_one_sqlite_file(
    beats: Beats, sql: Sql, worker: Crew, trace: str
) -> None:
    sql.add("pulse", trace)
    beats.start_ready()
    end = time.monotonic() + 5
    writes = 0
    while time.monotonic() < end:
        sql.ask("UPDATE django_celery_beat_periodictask SET description = ?", str(writes))
        writes += 1
    wait_for_runs(trace, 3)
    assert writes > 50
    assert "database is locked" not in beats.log() + worker.logs()
    assert sql.ask("PRAGMA journal_mode") == [("wal",)]
    assert_once(sql, "pulse", trace)
