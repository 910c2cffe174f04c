"""A backlog whose workers are killed one after the other: at no time is a job in two places."""

from pathlib import Path

import pytest

from storychain.queues.jobs import enqueue_many
from storychain.queues.records import get_job
from storychain.queues.stats import stats
from storychain.queues.topology import QUEUES, Queue
from tests.queueing import jobs
from tests.queueing.sizes import sized
from tests.queueing.workers import HEAVY, IO, Crew, Worker, wait_until

JOBS, VICTIMS = sized(100_000, suite=20_000), sized(4, suite=2)


def count() -> tuple[int, int]:
    row = next(row for row in stats() if row["name"] == "analytics")
    states = ("waiting", "active", "delayed", "dead", "completed", "failed")
    return sum(row[state] for state in states), row["completed"]


def test_the_counts_add_up_while_workers_are_killed_one_by_one(crew: Crew) -> None:
    calls = [jobs.nothing.call(n=n) for n in range(JOBS)]
    enqueue_many(calls)
    victims = [crew.start(IO, STORYCHAIN_PROFILE="production-small") for _ in range(VICTIMS)]
    crew.start(IO)
    for victim in victims:
        victim.kill()
        assert count()[0] == JOBS

    def is_done() -> bool:
        total, completed = count()
        assert total == JOBS
        return completed == JOBS

    wait_until(is_done, seconds=60)


def test_a_job_over_its_time_limit_is_ended_and_its_worker_goes_on(
    crew: Crew, trace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = Queue("export", "prefork", (1, 1, 1, 1), time_limit=1)
    monkeypatch.setattr("storychain.queues.bells.QUEUES", {**QUEUES, "export": quick})
    crew.start(HEAVY)
    jobs.export.enqueue(trace=f"{trace}.slow", text="slow", seconds=30)
    wait_until(lambda: Path(f"{trace}.slow.started").exists())
    jobs.export.enqueue(trace=trace, text="next")
    wait_until(lambda: Path(trace).exists(), seconds=30)
    assert not Path(f"{trace}.slow").exists()


def test_a_child_that_has_grown_beyond_its_cap_does_not_run_another_job(crew: Crew) -> None:
    worker = crew.start(HEAVY, TEST_CHILD_MEMORY_KB=str(300 * 1024))
    modest = _run(jobs.eat.enqueue(megabytes=1))
    assert modest in pids(worker)
    greedy = _run(jobs.eat.enqueue(megabytes=400))
    wait_until(lambda: greedy not in pids(worker))
    assert _run(jobs.eat.enqueue()) != greedy


def pids(worker: Worker) -> set[int]:
    return {child.pid for child in worker.children()}


def _run(job_id: str) -> int:
    wait_until(lambda: get_job(job_id).state == "completed")
    return int(get_job(job_id).result or 0)
