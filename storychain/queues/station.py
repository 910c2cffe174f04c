"""A process at work for the ledger: what it holds, and how it answers a bell."""

import os
import threading
import time

from storychain.queues import bells
from storychain.queues.batches import perform_together
from storychain.queues.drain import Drain
from storychain.queues.hands import Hands
from storychain.queues.heart import Heart
from storychain.queues.topology import QUEUES

_boots: list[str] = []


def begin_worker() -> str:
    """Give this start of a worker a mark of its own; return it.

    To be called before it forks: the same worker started again is another one to the ledger.
    """
    _boots.append(f"{time.time_ns():x}")
    return _boots[-1]


def name_worker(hostname: str) -> str:
    """Return the ledger's name of the worker that this process belongs to."""
    return f"{hostname}/{_boots[-1] if _boots else begin_worker()}"


class Station:
    """One process of a worker.

    In the threads pool a bell starts a drain, which has threads of its own; a prefork child takes
    one job a bell, so that Celery's time limits and memory caps hold for each job.
    """

    def __init__(self, *, worker: str, is_threaded: bool) -> None:
        """Hold nothing yet; `worker` is Celery's name of it."""
        holder = f"{name_worker(worker)}#{os.getpid()}"
        self.heart = Heart()
        self.stopping = threading.Event()
        self._hands = {
            name: Hands(
                queue=name,
                slots=queue.concurrency,
                holder=holder,
                heart=self.heart,
                stopping=self.stopping,
            )
            for name, queue in QUEUES.items()
        }
        self._drains = {
            name: Drain(
                queue=name, slots=QUEUES[name].concurrency, hands=hands, stopping=self.stopping
            )
            for name, hands in self._hands.items()
            if is_threaded
        }

    def answer(self, queue: str) -> None:
        """Do what a bell asks for; raise KeyError if there is no such queue."""
        if queue in self._drains:
            self._drains[queue].answer()
        else:
            _take_one(self._hands[queue])

    def answer_unrung(self) -> None:
        """Go to work by ourselves where the broker takes no bells."""
        for queue in bells.take_unrung() & self._drains.keys():
            self.answer(queue)

    def close(self) -> None:
        """Begin nothing any more, and let what runs come to its end."""
        self.stopping.set()

    def wait(self) -> None:
        """Return when everything that a drain has begun is done and handed in."""
        for drain in self._drains.values():
            drain.wait()


def _take_one(hands: Hands) -> None:
    try:
        runs = hands.take(want=1, answers_bell=True)
        hands.leave(perform_together(runs) if runs else ())
    finally:
        hands.abandon()  # nothing, unless something broke
