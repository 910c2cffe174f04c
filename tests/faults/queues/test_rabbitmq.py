"""RabbitMQ carries the bells, in quorum queues; the ledger stays, and so does what it promises."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from pytest_django.fixtures import Settings

from config.celery import app
from storychain.queues import bells
from storychain.queues.jobs import enqueue_many
from storychain.queues.records import get_job
from storychain.queues.topology import QUEUES
from tests.queueing import jobs
from tests.queueing.counting import count_all, effects, lines, row, runs
from tests.queueing.fixtures import aim
from tests.queueing.rabbit import MISSING
from tests.queueing.servers import Wire
from tests.queueing.workers import HEAVY, IO, Crew, wait_until

pytestmark = [
    pytest.mark.skipif(bool(MISSING), reason=MISSING),
    pytest.mark.usefixtures("rabbitmq"),
]
JOBS = 200


def test_jobs_of_all_five_queues_run(crew: Crew, trace: str) -> None:
    crew.start(IO)
    crew.start(HEAVY)
    calls = [
        jobs.limited.call(trace=f"{trace}.email", text="-"),
        jobs.leave_trace.call(trace=f"{trace}.notification", text="-"),
        jobs.trace_event.call(trace=f"{trace}.analytics"),
        jobs.exclusive.call(trace=f"{trace}.cleanup", kind="logs"),
        jobs.export.call(trace=f"{trace}.export", text="-"),
    ]
    enqueue_many(calls)
    for queue in QUEUES:
        wait_until(lambda queue=queue: row(queue)["completed"] == 1, seconds=60)
        assert lines(f"{trace}.{queue}")


def test_the_queues_are_quorum_queues(crew: Crew) -> None:
    crew.start(IO)
    with app.connection_for_write() as connection, connection.channel() as channel:
        for name, queue in app.amqp.queues.items():
            assert queue.queue_arguments == {"x-queue-type": "quorum"}
            queue(channel).declare()  # refused if it is there and of another type
            assert name in QUEUES


def test_a_backlog_is_drained_once(crew: Crew, folder: Path) -> None:
    crew.start(IO)
    calls = [jobs.leave_once.call(trace=str(folder), text=str(n)) for n in range(5 * JOBS)]
    enqueue_many(calls)
    wait_until(lambda: row()["completed"] == 5 * JOBS, seconds=60)
    assert sorted(runs(folder)) == sorted(str(n) for n in range(5 * JOBS))


def test_a_killed_workers_jobs_run_in_another(crew: Crew, folder: Path) -> None:
    victim = crew.start(IO)
    enqueue_many(
        [jobs.leave_once.call(trace=str(folder), text=str(n), seconds=0.02) for n in range(JOBS)]
    )
    wait_until(lambda: len(effects(folder)) > JOBS / 10)
    victim.kill()
    crew.start(IO)
    wait_until(lambda: row()["completed"] == JOBS, seconds=60)
    assert effects(folder) == {str(n) for n in range(JOBS)}
    assert count_all() == JOBS


def test_a_broker_that_falls_silent_is_not_waited_for_without_end(
    rabbit_url: str, settings: Settings
) -> None:
    node = urlsplit(rabbit_url)
    wire = Wire(int(node.port or 0))
    place = f"{(node.netloc.rpartition('@')[0] + '@').lstrip('@')}127.0.0.1:{wire.port}"
    aim(node._replace(netloc=place).geturl(), settings.KEY_PREFIX)
    bells.ring(["email"])
    assert bells.breaker().allows()
    wire.is_cut = True
    bells.ring(["email"])  # without a time-out this would be the end of it
    assert not bells.breaker().allows()
    bells.ring(["export"])
    wire.is_cut = False
    wait_until(lambda: bells.breaker().allows(), seconds=30)
    assert bells.take_unrung() == set()
    aim(rabbit_url, settings.KEY_PREFIX)
    wire.close()


def test_lost_and_doubled_bells_change_nothing(crew: Crew, trace: str) -> None:
    lost = jobs.leave_trace.enqueue(trace=trace, text="its bell is lost")
    with app.connection_for_write() as connection, connection.channel() as channel:
        wait_until(lambda: app.amqp.queues["notification"](channel).purge())
    for _ in range(10):
        app.send_task("storychain.bell", args=("notification",), queue="notification")
    crew.start(IO)
    wait_until(lambda: get_job(lost).state == "completed")
    heavy = crew.start(HEAVY)
    poison = jobs.poison.enqueue(trace=f"{trace}.poison")
    wait_until(lambda: get_job(poison).state == "dead", seconds=60)
    assert len(lines(f"{trace}.poison")) == 3
    assert lines(trace) == ["its bell is lost"]
    assert heavy.process.poll() is None
