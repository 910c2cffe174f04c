"""Celery's task events for each job, so that Flower and `celery events` show jobs, not bells."""

from typing import Any

from celery import Celery

from storychain.queues.execution import job_ended, job_started
from storychain.queues.running import Run
from storychain.queues.wire import Outcome

ENDS = {"completed": "task-succeeded", "delayed": "task-retried", "waiting": "task-retried"}


def send_task_events(app: Celery, *, worker: str) -> None:
    """From now on publish this process's jobs as task events of a worker."""

    def send(event: str, run: Run, **fields: Any) -> None:
        with app.events.default_dispatcher(hostname=worker) as dispatcher:
            dispatcher.send(event, uuid=run.id, name=run.spec.name, **fields)

    def tell_start(run: Run, **_: Any) -> None:
        send("task-received", run, args="()", kwargs=bytes(run.spec.args).decode())
        send("task-started", run)

    def tell_end(run: Run, outcome: Outcome, seconds: float, **_: Any) -> None:
        event = ENDS.get(outcome.state, "task-failed")
        send(event, run, result=outcome.text, exception=outcome.text, runtime=seconds)

    job_started.connect(tell_start, weak=False)
    job_ended.connect(tell_end, weak=False)
