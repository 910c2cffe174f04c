"""Jobs that are measured: each notes on the board that it ran."""

import time

from storychain.queues.jobs import current, job
from storychain.queues.topology import ANALYTICS, EMAIL, NOTIFICATION
from tests.benchmarks.board import shared_board


@job(queue=ANALYTICS, name="bench.note")
def note(*, n: int) -> None:
    """Do nothing else."""
    shared_board().note(n)


@job(queue=ANALYTICS, name="bench.wait")
def wait(*, n: int) -> None:
    """Wait for something that takes 10 ms."""
    shared_board().note(n)
    time.sleep(0.01)


@job(queue=NOTIFICATION, name="bench.hold")
def hold(*, n: int) -> None:
    """Take so long, the first time, that there is time to die in."""
    shared_board().note(n)
    if current().attempt == 1:
        time.sleep(600)


@job(queue=EMAIL, name="bench.limited")
def limited(*, n: int) -> None:
    """Have an effect that the queue's limit counts."""
    current().take_permit()
    shared_board().note(n)
