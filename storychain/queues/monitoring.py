"""Celery's task events for each job, so that Flower and `celery events` show jobs, not bells."""

import logging
from typing import Any

from celery import Celery

from storychain.queues import bells
from storychain.queues.execution import job_ended, job_started
from storychain.queues.running import Run
from storychain.queues.wire import Outcome

logger = logging.getLogger(__name__)
ENDS = {"completed": "task-succeeded", "delayed": "task-retried", "waiting": "task-retried"}


def send_task_events(app: Celery, *, worker: str) -> None:
    """From now on publish this process's jobs as task events of a worker.

    What happens while the broker is away no monitor sees: jobs neither wait for it nor fail.
    """

    def publish(event: str, run: Run, **fields: Any) -> None:
        with app.events.default_dispatcher(hostname=worker) as dispatcher:
            dispatcher.send(event, uuid=run.id, name=run.spec.name, **fields)

    def send(event: str, run: Run, **fields: Any) -> None:
        if not bells.breaker().allows():
            return
        try:
            publish(event, run, **fields)
        except Exception as error:  # noqa: BLE001 - brokers raise errors of their own libraries
            logger.warning("Jobs are not shown to monitors for a while: %r", error)
            bells.breaker().fail()

    def tell_start(run: Run, **_: Any) -> None:
        send("task-received", run, args="()", kwargs=bytes(run.spec.args).decode())
        send("task-started", run)

    def tell_end(run: Run, outcome: Outcome, seconds: float, **_: Any) -> None:
        event = ENDS.get(outcome.state, "task-failed")
        send(event, run, result=outcome.text, exception=outcome.text, runtime=seconds)

    job_started.connect(tell_start, weak=False)
    job_ended.connect(tell_end, weak=False)
