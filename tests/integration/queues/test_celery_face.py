"""Whoever knows Celery finds what he expects: tasks of the jobs' names, and their events."""

from datetime import UTC, datetime
from pathlib import Path

from config.celery import app
from storychain.queues.alerts import find_alerts
from storychain.queues.presence import worker_health
from storychain.queues.records import get_job
from storychain.queues.stats import stats
from tests.queueing import jobs
from tests.queueing.workers import HEAVY, IO, Crew, wait_until


def test_a_task_call_becomes_one_job_however_often_it_arrives(crew: Crew, trace: str) -> None:
    worker = crew.start(IO)
    payload = {"trace": trace, "text": "by Celery"}
    for _ in range(2):
        app.send_task("test.leave", kwargs=payload, queue="notification", task_id="the-same")
    wait_until(lambda: _completed("notification") == 1)
    assert get_job("task:the-same").state == "completed"
    assert Path(trace).read_text() == "by Celery\n"
    assert worker.stop() == 0
    assert worker_health()["workers"] == []  # it has said goodbye


def test_jobs_are_tasks_that_route_themselves() -> None:
    app.loader.import_default_modules()
    task = app.tasks["test.export"]
    assert task.apply_async(kwargs={"trace": "-", "text": "-"}).id
    from storychain import redis

    assert redis.client("queue").llen(redis.key("celery:export")) == 1


def test_monitors_see_jobs_and_no_bells(crew: Crew, trace: str) -> None:
    with crew.watch() as dump:
        crew.start(IO, EVENTS="1")
        job_id = jobs.leave_trace.enqueue(trace=trace, text="-")
        wait_until(lambda: f"task succeeded: test.leave({job_id})" in dump.read_text())
    for step in ("received", "started"):
        assert f"task {step}: test.leave({job_id})" in dump.read_text()
    assert "storychain.bell" not in dump.read_text()


def test_health_names_every_worker_and_queue(crew: Crew, trace: str) -> None:
    worker = crew.start(HEAVY)
    jobs.export.enqueue(trace=trace, text="-", seconds=1)
    wait_until(lambda: any(row["active"] for row in worker_health()["workers"]))
    health = worker_health()
    assert [row["queue"] for row in health["workers"]] == ["cleanup", "export"]
    assert set(health["workers"][0]) == {
        *("worker", "queue", "running", "paused", "active", "last_beat"),
    }
    worker.kill()
    wait_until(lambda: not any(row["running"] for row in worker_health()["workers"]))
    assert worker_health()["workers"]


def test_a_queue_without_a_worker_is_an_alert(settings) -> None:
    settings.QUEUE_ALERTS = settings.QUEUE_ALERTS | {"unattended": 0}
    jobs.typed.enqueue(at=datetime.now(UTC))
    wait_until(
        lambda: [(a.queue, a.kind) for a in find_alerts()] == [("notification", "unattended")]
    )


def _completed(queue: str) -> int:
    return next(row["completed"] for row in stats() if row["name"] == queue)
