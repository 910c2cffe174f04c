"""What became of each attempt, in SQL: by whom it was run, how it ended, which of them are kept."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError

from storychain import outbox
from storychain.observability.correlation import enter_behalf, leave_behalf
from storychain.outbox import OutboxRow
from storychain.queues import desk, ledger, recording
from storychain.queues.execution import perform
from storychain.queues.jobs import Job
from storychain.queues.models import JobRun
from storychain.queues.records import get_job
from storychain.queues.running import Run
from storychain.queues.wire import Ask
from tests.factories import published_story, sign_in
from tests.queueing import jobs
from tests.queueing.counting import lines
from tests.queueing.workers import HEAVY, IO, Crew, wait_until


@pytest.fixture(autouse=True)
def recorder(settings) -> Iterator[None]:
    """A buffer of the test's own that only `recording.close` empties."""
    settings.QUEUE_RUNS_SECONDS = 3600
    recording._forget()
    yield
    recording._forget()


def run_one(job: Job[Any, Any], *, cancels: bool = False, **options_and_payload: Any) -> str:
    """Let a job run here as a worker runs it; return its id."""
    job_id = job.enqueue(**options_and_payload)
    _, (claimed,) = ledger.exchange(queue=job.queue, holder="w/1#1", ask=Ask(1, 9, job_id))
    run = Run(queue=job.queue, claimed=claimed)
    if cancels:
        desk.cancel_job(job_id)
        run.mark(lost=False, cancelled=True)
    outcome = perform(run)
    refused, _ = ledger.exchange(queue=job.queue, holder="w/1#1", outcomes=[outcome], ask=None)
    recording.note_outcomes([(run, outcome)], refused=refused, holder="w/1#1")
    return job_id


def only_run() -> JobRun:
    """Return the one row that was kept."""
    recording.close()
    return JobRun.objects.get()


@pytest.mark.django_db
class TestWhatIsKept:
    def test_a_completed_run_says_when_where_and_how_long(self) -> None:
        before = datetime.now(UTC)
        job_id = run_one(jobs.nothing, n=1)
        run = only_run()
        assert (run.job_id, run.name, run.queue, run.attempt) == (
            job_id,
            "test.nothing",
            "analytics",
            1,
        )
        assert (run.outcome, run.error, run.worker) == ("completed", "", "w")
        assert before <= run.started_at <= datetime.now(UTC)
        assert 0 < run.duration < 10

    def test_a_failed_attempt_says_why(self, trace: str) -> None:
        run_one(jobs.fail, trace=trace)
        assert (only_run().outcome, only_run().error) == ("retried", "RuntimeError: not this time")

    def test_a_hopeless_one_is_dead(self) -> None:
        run_one(jobs.permanent)
        assert (only_run().outcome, only_run().error) == ("dead", "PermanentError: never")

    def test_one_that_was_cancelled_while_it_failed_is_failed(self, trace: str) -> None:
        job_id = run_one(jobs.fail, cancels=True, trace=trace)
        assert (only_run().outcome, get_job(job_id).state) == ("failed", "failed")

    def test_a_schedules_run_names_its_schedule_and_slot(self) -> None:
        run_one(jobs.nothing, n=1, schedule="nightly", slot="2026-03-01T03:00:00Z")
        assert only_run().schedule == "nightly"
        assert only_run().slot == datetime(2026, 3, 1, 3, tzinfo=UTC)

    def test_it_names_the_request_that_it_followed_from(self) -> None:
        token = enter_behalf(request_id="the-request")
        try:
            run_one(jobs.nothing, n=1)
        finally:
            leave_behalf(token)
        assert only_run().request_id == "the-request"

    def test_what_the_ledger_refuses_was_not_this_workers_any_more(self) -> None:
        jobs.nothing.enqueue(n=1)
        _, (claimed,) = ledger.exchange(queue="analytics", holder="w/1#1", ask=Ask(1, 9, "1"))
        run = Run(queue="analytics", claimed=claimed)
        recording.note_outcomes([(run, perform(run))], refused=[run.id], holder="w/1#1")
        recording.close()
        assert not JobRun.objects.exists()

    def test_written_twice_it_is_one_row(self) -> None:
        jobs.nothing.enqueue(n=1)
        _, (claimed,) = ledger.exchange(queue="analytics", holder="w/1#1", ask=Ask(1, 9, "1"))
        run = Run(queue="analytics", claimed=claimed)
        for _ in range(2):
            recording.note_outcomes([(run, perform(run))], refused=[], holder="w/1#1")
        assert only_run().job_id == run.id

    def test_a_nul_in_an_error_does_not_stop_the_others(self, monkeypatch) -> None:
        def fail(_: object) -> None:
            raise RuntimeError("nul: \0.")

        monkeypatch.setattr(jobs.permanent.payload, "decode", fail)
        run_one(jobs.permanent)
        assert only_run().error == "RuntimeError: nul: ."


@pytest.mark.django_db
class TestHowMany:
    def test_of_very_many_completed_ones_some_are_kept(self, settings) -> None:
        settings.QUEUE_RUNS_BURST, settings.QUEUE_RUNS_PER_SECOND = 3, 0
        for n in range(5):
            run_one(jobs.nothing, n=n)
        recording.close()
        assert JobRun.objects.count() == 3

    def test_one_queue_takes_nothing_from_another(self, settings) -> None:
        settings.QUEUE_RUNS_BURST, settings.QUEUE_RUNS_PER_SECOND = 1, 0
        for n in range(3):
            run_one(jobs.nothing, n=n)
        run_one(jobs.typed, at=datetime.now(UTC))
        recording.close()
        assert sorted(JobRun.objects.values_list("queue", flat=True)) == [
            "analytics",
            "notification",
        ]

    def test_failures_schedules_and_heavy_jobs_are_kept_all(self, settings, trace: str) -> None:
        settings.QUEUE_RUNS_BURST, settings.QUEUE_RUNS_PER_SECOND = 0, 0
        for _ in range(3):
            run_one(jobs.permanent)
            run_one(jobs.nothing, n=1, schedule="nightly")
            run_one(jobs.export, trace=trace, text="-")
            run_one(jobs.nothing, n=1)
        recording.close()
        assert JobRun.objects.count() == 9

    def test_what_may_be_kept_comes_back_with_time(self, settings, monkeypatch) -> None:
        settings.QUEUE_RUNS_BURST, settings.QUEUE_RUNS_PER_SECOND = 1, 10
        now = [100.0]
        monkeypatch.setattr("storychain.queues.recording.time.monotonic", lambda: now[0])
        allowance = recording._Allowance()
        assert [allowance.take() for _ in range(3)] == [True, False, False]
        now[0] += 0.15
        assert [allowance.take() for _ in range(2)] == [True, False]

    def test_a_full_buffer_drops_counts_and_says_so_once(self, monkeypatch, caplog) -> None:
        monkeypatch.setattr(recording, "MOST_WAITING", 2)
        before = recording.DROPPED._value.get()
        for n in range(5):
            run_one(jobs.nothing, n=n)
        recording.close()
        assert JobRun.objects.count() == 2
        assert recording.DROPPED._value.get() - before == 3
        assert caplog.text.count("SQL does not keep up") == 1


@pytest.mark.django_db
def test_what_sql_does_not_take_waits_and_is_written_later(monkeypatch, caplog) -> None:
    run_one(jobs.nothing, n=1)

    def refuse(*_: object, **__: object) -> None:
        raise OperationalError("database is locked")

    with monkeypatch.context() as patch:
        patch.setattr(JobRun.objects, "bulk_create", refuse)
        recording.close()
        recording.close()
    assert caplog.text.count("job runs wait for SQL: database is locked") == 1
    assert only_run().name == "test.nothing"


@pytest.mark.django_db(transaction=True)
def test_a_thread_writes_them_without_being_asked(settings) -> None:
    settings.QUEUE_RUNS_SECONDS = 0.01
    run_one(jobs.nothing, n=1)
    wait_until(JobRun.objects.exists)
    run_one(jobs.nothing, n=2)
    wait_until(lambda: JobRun.objects.count() == 2)
    writers = [t for t in threading.enumerate() if t.name == "job-runs"]
    assert len(writers) == 1
    recording.close()
    writers[0].join(timeout=10)
    assert not writers[0].is_alive()


# With real workers


def ask(sql: Path, question: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(sql, timeout=20)) as connection:
        return connection.execute(question).fetchall()


def kept(sql: Path, job_id: str) -> list[tuple[Any, ...]]:
    return ask(
        sql,
        f"SELECT attempt, outcome FROM queues_jobrun WHERE job_id = '{job_id}' ORDER BY token",  # noqa: S608
    )


def test_threads_children_and_the_last_words_of_both_are_written(
    crew: Crew, sql: Path, trace: str, settings
) -> None:
    workers = [crew.start(kind, DATABASE_URL=f"sqlite:///{sql}") for kind in (IO, HEAVY)]
    failing = jobs.fail.enqueue(trace=trace, succeeds_at=2)
    export = jobs.export.enqueue(trace=trace, text="book")
    wait_until(lambda: kept(sql, failing) == [(1, "retried"), (2, "completed")])
    wait_until(lambda: kept(sql, export) == [(1, "completed")])
    heavy = jobs.export.enqueue(trace=trace, text="last")
    wait_until(lambda: get_job(heavy).state == "completed")
    # The other worker takes nothing back meanwhile: who stops renews leases to the end.
    seconds = 2 * settings.QUEUE_LEASE_SECONDS
    last = jobs.leave_late.enqueue(trace=trace, text="last", seconds=seconds)
    wait_until(lambda: lines(f"{trace}.started"))
    assert [worker.stop() for worker in workers] == [0, 0]
    assert [kept(sql, job) for job in (last, heavy)] == [[(1, "completed")]] * 2


def test_one_request_has_one_id_from_the_edge_to_the_worker_and_its_rows(
    crew: Crew, sql: Path, caplog, monkeypatch
) -> None:
    author = sign_in()
    story, _ = published_story(author)
    rows: list[OutboxRow] = []
    add = outbox.add

    def look_at(**row: Any) -> str:
        rows.append(OutboxRow(**row))
        return add(**row)

    monkeypatch.setattr(outbox, "add", look_at)
    request_id = "one-request-through-all"
    answer = author.post(
        f"/stories/{story}/exports", {"format": "markdown"}, **{"X-Request-ID": request_id}
    )
    assert answer.status_code == 202, answer.content
    assert answer["X-Request-ID"] == request_id
    assert [row.payload["request_id"] for row in rows] == [request_id]
    job_id = rows[0].row_id
    assert get_job(job_id).request_id == request_id
    worker = crew.start(HEAVY, DATABASE_URL=f"sqlite:///{sql}", LOG_LEVEL="DEBUG")
    wait_until(lambda: kept(sql, job_id) == [(1, "completed")])
    assert ask(sql, "SELECT request_id FROM queues_jobrun") == [(request_id,)]
    lines = [line for line in worker.log.read_text().splitlines() if request_id in line]
    assert any(job_id in line and "job=export.render" in line for line in lines), lines


def test_a_poison_job_was_lost_three_times(crew: Crew, sql: Path, trace: str, settings) -> None:
    pace = {"TIME_SCALE": str(settings.TIME_SCALE / 2)}  # three leases have to end
    crew.start(HEAVY, DATABASE_URL=f"sqlite:///{sql}", **pace)
    job_id = jobs.poison.enqueue(trace=trace)
    wait_until(lambda: len(kept(sql, job_id)) == 3, seconds=60)
    assert kept(sql, job_id) == [(1, "lost"), (2, "lost"), (3, "lost")]
