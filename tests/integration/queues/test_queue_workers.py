"""Jobs run by real workers, from enqueue to what is left of them."""

import json
from pathlib import Path

from storychain import documents, outbox
from storychain.queues.jobs import enqueue_many
from storychain.queues.records import get_job
from storychain.queues.stats import stats
from tests.queueing import jobs
from tests.queueing.workers import HEAVY, IO, Crew, wait_until


def find_row(queue: str) -> dict:
    return next(row for row in stats() if row["name"] == queue)


def lines(trace: str) -> list[str]:
    return Path(trace).read_text().splitlines() if Path(trace).exists() else []


def test_jobs_run_once_each_and_can_be_looked_up(crew: Crew, trace: str) -> None:
    crew.start(IO)
    job_id = jobs.leave_trace.enqueue(trace=trace, text="hello")
    wait_until(lambda: get_job(job_id).state == "completed")
    assert lines(trace) == ["hello"]
    assert get_job(job_id).attempt == 1

    many = f"{trace}.many"
    calls = [jobs.leave_trace.call(trace=many, text=str(n)) for n in range(2000)]
    assert len(set(enqueue_many(calls))) == 2000
    wait_until(lambda: find_row("notification")["completed"] == 2001)
    assert sorted(lines(many), key=int) == [str(n) for n in range(2000)]

    # A row of the outbox is gone when its job has run.
    @documents.unit_of_work
    def write() -> str:
        call = jobs.leave_trace.call(trace=trace, text="from the outbox")
        return outbox.add(kind=call.kind, payload=call.payload, row_id=call.row_id)

    job_id = write()
    wait_until(lambda: get_job(job_id).state == "completed")
    assert lines(trace) == ["hello", "from the outbox"]
    assert outbox.depth()["rows"] == 0


def test_a_job_of_a_prefork_queue_returns_a_typed_result(crew: Crew, trace: str) -> None:
    crew.start(HEAVY)
    job_id = jobs.export.enqueue(trace=trace, text="book")
    wait_until(lambda: get_job(job_id).state == "completed")
    assert json.loads(get_job(job_id).result) == {"attempt": 1}
