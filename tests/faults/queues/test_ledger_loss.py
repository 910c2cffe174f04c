"""A queue Redis that dies, forgets, fills up or falls silent."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storychain import outbox, redis
from storychain.documents import unit_of_work
from storychain.queues.jobs import JobCall, enqueue_many
from storychain.queues.records import JobNotFound, get_job
from storychain.queues.scripts import LedgerAway
from storychain.queues.topology import QUEUES
from tests.queueing import jobs
from tests.queueing.counting import effects, row, runs
from tests.queueing.servers import QueueRedis, Wire
from tests.queueing.sizes import IS_FULL
from tests.queueing.workers import IO, Crew, wait_until

JOBS = 200
HANDS = QUEUES["notification"].concurrency  # so many are at work when something happens
LOOSE = 100
OUTAGES = (4, 60) if IS_FULL else (0.4, 2.5)  # the second is longer than a lease


@unit_of_work
def write(calls: list[JobCall]) -> None:
    """What a service does: the jobs are rows that are stored with the write."""
    for call in calls:
        outbox.add(kind=call.kind, payload=call.payload, row_id=call.row_id)


def relay_until_all_is_done() -> None:
    def is_done() -> bool:
        outbox.relay_once()
        return not outbox.depth()["rows"]

    wait_until(is_done, seconds=60)


def some_calls(folder: Path, *, seconds: float = 0.02) -> list[JobCall]:
    return [
        jobs.leave_once.call(trace=str(folder), text=str(n), seconds=seconds) for n in range(JOBS)
    ]


@pytest.mark.parametrize("seconds", OUTAGES)
def test_a_ledger_that_is_killed_and_comes_back_goes_on(
    queue_redis: QueueRedis, crew: Crew, folder: Path, seconds: float
) -> None:
    worker = crew.start(IO)
    enqueue_many(some_calls(folder))
    time.sleep(1.2)  # the journal is on disk every second
    queue_redis.kill()
    time.sleep(seconds)
    queue_redis.start()
    wait_until(lambda: row()["waiting"] + row()["active"] + row()["delayed"] == 0, seconds=40)
    assert effects(folder) == {str(n) for n in range(JOBS)}
    assert worker.process.poll() is None
    assert "Unrecoverable error" not in crew.logs()  # it would be on its way out


def test_what_is_written_while_the_ledger_is_away_runs_when_it_is_back(
    queue_redis: QueueRedis, crew: Crew, folder: Path
) -> None:
    crew.start(IO)
    queue_redis.kill()
    started = time.monotonic()
    write(some_calls(folder, seconds=0)[:5])
    assert time.monotonic() - started < 3
    assert outbox.depth()["rows"] == 5
    queue_redis.start()
    relay_until_all_is_done()
    assert effects(folder) == {str(n) for n in range(5)}


def test_a_ledger_that_forgot_everything_is_rebuilt_from_the_outbox(
    queue_redis: QueueRedis, crew: Crew, folder: Path
) -> None:
    """What stands in no outbox is lost with it: that is declared, and counted apart."""
    crew.start(IO)
    write(some_calls(folder))
    wait_until(lambda: len(effects(folder)) > 20)
    far = datetime.now(UTC) + timedelta(hours=1)  # a worker notices, nobody has to wait for it
    outbox.OutboxRow._get_collection().update_many({}, {"$set": {"next_at": far}})
    enqueue_many([jobs.leave_once.call(trace=str(folder), text=f"loose {n}") for n in range(LOOSE)])
    with queue_redis.client() as client:
        client.flushall()
    relay_until_all_is_done()
    wait_until(lambda: row()["waiting"] + row()["active"] == 0)
    kept = {name for name in effects(folder) if not name.startswith("loose")}
    loose = [name for name in runs(folder) if name.startswith("loose")]
    assert kept == {str(n) for n in range(JOBS)}
    assert len(runs(folder)) - len(loose) <= JOBS + HANDS
    assert len(loose) == len(set(loose))
    print(f"of {LOOSE} jobs outside the outbox {LOOSE - len(loose)} were lost, none ran twice")


def test_cut_connections_are_made_anew(queue_redis: QueueRedis, crew: Crew, folder: Path) -> None:
    crew.start(IO)
    crew.start(IO)
    enqueue_many(some_calls(folder))
    with queue_redis.client() as client:
        # For a second by the clock: three leases lost on the way would make a job a dead letter.
        until = time.monotonic() + 1
        while time.monotonic() < until:
            client.client_kill_filter(_type="normal", skipme=True)
            time.sleep(0.02)
    wait_until(lambda: row()["completed"] + row()["dead"] == JOBS, seconds=40)
    assert row()["dead"] == 0
    # No lease of a tenth is sure to be renewed in time where a wire lives for 20 ms.
    assert JOBS <= len(runs(folder)) <= JOBS + 2 * HANDS
    assert sorted(effects(folder)) == sorted(str(n) for n in range(JOBS))


def test_a_wire_that_falls_silent_holds_nobody_up_and_nothing_is_lost(
    wire: Wire, crew: Crew, folder: Path, settings
) -> None:
    settings.QUEUE_TIMEOUT_SECONDS = 0.5
    redis.disconnect()
    crew.start(IO)
    write(some_calls(folder))
    wait_until(lambda: len(effects(folder)) > 20)
    wire.is_cut = True
    started = time.monotonic()
    write([jobs.leave_once.call(trace=str(folder), text="meanwhile")])
    with pytest.raises(LedgerAway):
        jobs.leave_trace.enqueue(trace=str(folder), text="-")
    assert time.monotonic() - started < 6
    time.sleep(1.2 * settings.QUEUE_LEASE_SECONDS)
    wire.is_cut = False
    relay_until_all_is_done()
    assert effects(folder) == {*(str(n) for n in range(JOBS)), "meanwhile"}
    assert len(runs(folder)) <= JOBS + 1 + HANDS


def test_a_full_ledger_refuses_new_jobs_and_finishes_the_old_ones(
    queue_redis: QueueRedis, crew: Crew, folder: Path
) -> None:
    enqueue_many(some_calls(folder, seconds=0))
    with queue_redis.client() as client:
        client.config_set("maxmemory", client.info("memory")["used_memory"])
        with pytest.raises(LedgerAway):
            for _ in range(10_000):
                jobs.leave_once.enqueue(trace=str(folder), text="one too many")
        write([jobs.leave_once.call(trace=str(folder), text="kept")])
        crew.start(IO)
        wait_until(lambda: effects(folder) >= {str(n) for n in range(JOBS)}, seconds=30)
        client.config_set("maxmemory", 0)
    relay_until_all_is_done()
    assert "kept" in effects(folder)
    assert len(runs(folder)) == len(effects(folder))


def test_a_slow_client_in_another_thread_does_not_stop_this_one(queue_redis: QueueRedis) -> None:
    """Sockets are not shared: a blocking wait holds nobody up."""
    waiting = threading.Thread(
        target=lambda: redis.client("queue").blpop([redis.key("nothing")], timeout=1)
    )
    waiting.start()
    started = time.monotonic()
    with pytest.raises(JobNotFound):
        get_job("nobody")
    assert time.monotonic() - started < 0.5
    waiting.join()
