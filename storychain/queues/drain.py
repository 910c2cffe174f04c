"""Works a queue off with several threads: what a bell starts in a worker of the threads pool.

1. A thread with nothing to do hands in what all have done, and claims a job for each free slot.
2. It takes the first of them and calls a second thread for the rest, which calls a third, ...:
   jobs that wait for something run side by side, short ones do not pay for threads.
3. Where nothing waits, one thread lingers: it blocks until a job is enqueued.
4. Batched jobs come beyond the slots, and wait a moment for company (batches.py).
5. After QUEUE_DRAIN_SECONDS, or when the worker stops, nobody takes more, and what still waits is
   rung for. The next bell begins anew, also beside a job that runs on from before.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait

from django.conf import settings

from storychain.queues import lingering
from storychain.queues.batches import AT_ONCE, Buffer, perform_together
from storychain.queues.hands import Hands
from storychain.queues.running import Run
from storychain.queues.wire import Outcome

logger = logging.getLogger(__name__)


class Drain:
    """One queue at work in this process."""

    def __init__(self, *, queue: str, slots: int, hands: Hands, stopping: threading.Event) -> None:
        """Prepare threads for `slots` jobs at the same time, and for batches beside them."""
        self._queue, self._hands, self._stopping = queue, hands, stopping
        self._threads = ThreadPoolExecutor(slots + AT_ONCE, thread_name_prefix=f"jobs-{queue}")
        self._at_work: set[Future[None]] = set()
        self._exchanging = threading.Lock()
        self._ready: deque[list[Run]] = deque()
        self._buffer = Buffer(queue)
        self._done: deque[Outcome] = deque()
        self._is_calling = self._is_lingering = self._is_gathering = self._is_rung = False
        self._ends_at = self._left_at = 0.0

    def answer(self) -> None:
        """Be at work for QUEUE_DRAIN_SECONDS, in threads of its own; return at once."""
        if self._is_over():
            self._is_rung = True
            self._ends_at = time.monotonic() + settings.QUEUE_DRAIN_SECONDS
        self._call()

    def wait(self) -> None:
        """Return when all that was begun is done and handed in."""
        while self._at_work:
            wait(tuple(self._at_work))

    def _call(self) -> None:
        """Have another thread look for something to do."""
        if self._is_calling:
            return
        self._is_calling = True
        thread = self._threads.submit(self._work)
        self._at_work.add(thread)
        thread.add_done_callback(self._at_work.discard)

    def _work(self) -> None:
        self._is_calling = False
        try:
            while runs := self._next():
                if self._ready or not (self._is_lingering or self._is_gathering):
                    self._call()
                self._perform(runs)
        except Exception:
            logger.exception("%s: a thread broke; its jobs' leases will end", self._queue)
            with self._exchanging:
                self._give_up(self._take_unbegun())

    def _perform(self, runs: list[Run]) -> None:
        try:
            self._done.extend(perform_together(runs))
        except Exception:
            self._give_up(_put_back(runs))
            raise

    def _give_up(self, outcomes: Sequence[Outcome]) -> None:
        """Let go of jobs as they are, where they cannot even be put back."""
        self._buffer.forget(outcomes)
        self._hands.let_go([outcome.job_id for outcome in outcomes])

    def _next(self) -> list[Run] | None:
        while True:
            try:
                return self._ready.popleft()
            except IndexError:
                if not self._fetch():
                    return None

    def _fetch(self) -> bool:
        """Get more to do; return False if this thread is not needed any more."""
        with self._exchanging:
            # Asked once: who lingers is who registered, also if the other one comes back meanwhile.
            lingers = not self._is_lingering
            if self._ready or self._exchange(lingers=lingers):
                return True
            seconds = self._buffer.seconds_left()
            if seconds is None and lingers and self._count_wanted():
                self._is_lingering = True
            elif seconds is not None and not self._is_gathering:
                self._is_gathering = True
            else:
                return False
        self._wait(seconds)
        return True

    def _wait(self, seconds: float | None) -> None:
        """Wait for a job to be enqueued, or so long for a batch to grow."""
        if seconds is None:
            try:
                lingering.wait_for_token(self._queue)
            finally:
                self._is_lingering = False
        else:
            self._stopping.wait(seconds)
            self._is_gathering = False

    def _count_wanted(self, outcomes: Sequence[Outcome] = ()) -> int:
        """Return for how many jobs there are slots, once these outcomes are handed in.

        None are wanted while there is no room for a batched one, as the next might be one.
        """
        bulk = self._buffer.ask(outcomes)
        if self._is_over() or (bulk.names and bulk.room <= 0):
            return 0
        return self._hands.free + len(outcomes) + bulk.held

    def _exchange(self, *, lingers: bool) -> bool:
        outcomes = self._collect()
        if self._is_over():
            self._leave(outcomes)
        elif (want := self._count_wanted(outcomes)) or outcomes:
            self._ready.extend(self._buffer.sort(self._take(want, outcomes, lingers=lingers)))
        self._ready.extend(self._buffer.take_due(is_over=self._is_over()))
        return bool(self._ready)

    def _leave(self, outcomes: Sequence[Outcome]) -> None:
        """Hand in; whoever is here first after the end rings for what waits."""
        ends_at = self._ends_at
        if outcomes or self._left_at != ends_at:
            self._left_at = ends_at
            self._buffer.forget(outcomes)
            self._hands.leave(outcomes)

    def _take(self, want: int, outcomes: Sequence[Outcome], *, lingers: bool) -> Sequence[Run]:
        bulk, rung = self._buffer.ask(outcomes), self._is_rung
        self._buffer.forget(outcomes)
        self._is_rung = False
        registers = lingers and want and self._buffer.seconds_left() is None
        linger = lingering.REGISTERED_SECONDS if registers else 0
        return self._hands.take(
            want=want, outcomes=outcomes, answers_bell=rung, linger_seconds=linger, bulk=bulk
        )

    def _collect(self) -> list[Outcome]:
        """Return what is to be handed in; when the worker stops, also what nobody has begun."""
        outcomes = [self._done.popleft() for _ in range(len(self._done))]
        return outcomes + self._take_unbegun() if self._stopping.is_set() else outcomes

    def _take_unbegun(self) -> list[Outcome]:
        batches = [self._ready.popleft() for _ in range(len(self._ready))]
        batches += self._buffer.take_due(is_over=True)
        return [outcome for runs in batches for outcome in _put_back(runs)]

    def _is_over(self) -> bool:
        return self._stopping.is_set() or time.monotonic() >= self._ends_at


def _put_back(runs: Sequence[Run]) -> list[Outcome]:
    return [Outcome(run.id, run.token, "waiting") for run in runs]
