"""The broker is away and the ledger is not: bells are not heard, jobs run nevertheless."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from storychain import outbox
from storychain.documents import unit_of_work
from storychain.queues.jobs import enqueue_many
from storychain.queues.records import get_job
from tests.queueing import jobs
from tests.queueing.counting import effects, lines, row, runs
from tests.queueing.fixtures import aim
from tests.queueing.servers import QueueRedis
from tests.queueing.workers import HEAVY, IO, Crew, wait_until

JOBS = 50


@pytest.fixture
def broker(tmp_path: Path, settings, bells: None) -> Iterator[QueueRedis]:
    """A Redis for bells alone."""
    server = QueueRedis(tmp_path / "broker")
    server.start()
    settings.CELERY_BROKER_URL = server.url
    aim(server.url, settings.KEY_PREFIX)
    yield server
    server.kill()


def test_jobs_are_taken_and_run_without_a_broker(
    broker: QueueRedis, crew: Crew, folder: Path
) -> None:
    """Also in a worker that is to tell monitors of each by that broker."""
    worker = crew.start(IO, EVENTS="1")
    broker.kill()
    calls = [jobs.leave_once.call(trace=str(folder), text=str(n)) for n in range(JOBS)]
    enqueue_many(calls)
    wait_until(lambda: row()["completed"] == JOBS, seconds=30)
    assert sorted(runs(folder)) == sorted(effects(folder)) == sorted(str(n) for n in range(JOBS))
    assert worker.process.poll() is None


def test_a_request_is_answered_and_a_bell_is_rung_when_the_broker_is_back(
    broker: QueueRedis, crew: Crew, trace: str
) -> None:
    """Children of a prefork pool hear bells only."""
    broker.kill()

    @unit_of_work
    def request() -> str:
        call = jobs.export.call(trace=trace, text="book")
        return outbox.add(kind=call.kind, payload=call.payload, row_id=call.row_id)

    job_id = request()
    assert get_job(job_id).state == "waiting"
    broker.start()
    crew.start(HEAVY)
    wait_until(lambda: get_job(job_id).state == "completed", seconds=30)
    assert lines(trace) == ["book"]
