"""Celery alone, with what a careful user of it sets: late acknowledgement, no results."""

import os
import signal
import time

from celery import Celery

from tests.benchmarks.board import shared_board

app = Celery("bare", broker=os.environ["REDIS_QUEUE_URL"])
app.conf.update(
    broker_transport_options={
        "visibility_timeout": float(os.environ.get("VISIBILITY_TIMEOUT", "3600")),
        "unacked_restore_interval": 1,
        "unacked_restore_throttle": 1,
    },
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=1,
)


@app.task(name="bench.note")
def note(n: int) -> None:
    """Do nothing else."""
    shared_board().note(n)


@app.task(name="bench.wait")
def wait(n: int, seconds: float = 0.01) -> None:
    """Wait for something."""
    shared_board().note(n)
    time.sleep(seconds)


@app.task(name="bench.kill")
def kill(n: int) -> None:
    """Kill the process that it runs in."""
    shared_board().note(n)
    os.kill(os.getpid(), signal.SIGKILL)
