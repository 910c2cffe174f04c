"""Works a queue off with several threads: what a bell starts in a worker of the threads pool.

1. A thread with nothing to do hands in what all have done, and claims a job for each free slot.
2. It takes the first of them and calls a second thread for the rest, which calls a third, ...:
   jobs that wait for something run side by side, short ones do not pay for threads.
3. Where nothing waits, one thread lingers: it blocks until a job is enqueued.
4. After QUEUE_DRAIN_SECONDS, or when the worker stops, all finish; what still waits is rung for.
"""

import logging
import threading
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor, wait

from django.conf import settings

from storychain.queues import lingering
from storychain.queues.execution import perform
from storychain.queues.hands import Hands
from storychain.queues.running import Run
from storychain.queues.wire import Outcome

logger = logging.getLogger(__name__)


class Drain:
    """One queue at work in this process."""

    def __init__(self, *, queue: str, slots: int, hands: Hands, stopping: threading.Event) -> None:
        """Prepare threads for `slots` jobs at the same time."""
        self._queue, self._hands, self._stopping = queue, hands, stopping
        self._threads = ThreadPoolExecutor(slots, thread_name_prefix=f"jobs-{queue}")
        self._helpers: set[Future[None]] = set()
        self._open = threading.Lock()
        self._exchanging = threading.Lock()
        self._ready: deque[Run] = deque()
        self._done: deque[Outcome] = deque()
        self._is_calling = self._is_lingering = self._is_rung = False
        self._ends_at = 0.0

    def answer(self) -> None:
        """Work until the time is up; return at once where this process is at it already."""
        if not self._open.acquire(blocking=False):
            return
        try:
            self._ends_at = time.monotonic() + settings.QUEUE_DRAIN_SECONDS
            self._is_rung = True
            self._work()
            self._hands.leave(self._wait_for_all())
        finally:
            self._wait_for_all()
            self._ready.clear()
            self._hands.abandon()  # nothing, unless something broke
            self._open.release()

    def _wait_for_all(self) -> list[Outcome]:
        """Let the helpers end, and return what is still to be handed in."""
        while self._helpers:
            wait(tuple(self._helpers))
        return self._collect()

    def _work(self) -> None:
        while run := self._next():
            self._call_helper()
            self._done.append(perform(run))

    def _next(self) -> Run | None:
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
            if self._is_over() or not lingers or not self._hands.free:
                return False
            self._is_lingering = True
        try:
            lingering.wait_for_token(self._queue)
        finally:
            self._is_lingering = False
        return True

    def _exchange(self, *, lingers: bool) -> bool:
        outcomes = self._collect()
        want = 0 if self._is_over() else self._hands.free + len(outcomes)
        if not want and not outcomes:
            return False
        linger = lingering.REGISTERED_SECONDS if lingers and want else 0
        rung, self._is_rung = self._is_rung, False
        runs = self._hands.take(
            want=want, outcomes=outcomes, answers_bell=rung, linger_seconds=linger
        )
        self._ready.extend(runs)
        return bool(runs)

    def _collect(self) -> list[Outcome]:
        """Return what is to be handed in; when the worker stops, also what nobody has begun."""
        outcomes = [self._done.popleft() for _ in range(len(self._done))]
        if self._stopping.is_set():
            unbegun = [self._ready.popleft() for _ in range(len(self._ready))]
            outcomes += [Outcome(run.id, run.token, "waiting") for run in unbegun]
        return outcomes

    def _is_over(self) -> bool:
        return self._stopping.is_set() or time.monotonic() >= self._ends_at

    def _call_helper(self) -> None:
        """Have another thread look after what else is ready, or comes while this one is busy."""
        is_needed = self._ready or not (self._is_lingering or self._is_over())
        if self._is_calling or not is_needed:
            return
        self._is_calling = True
        helper = self._threads.submit(self._help)
        self._helpers.add(helper)
        helper.add_done_callback(self._helpers.discard)

    def _help(self) -> None:
        self._is_calling = False
        try:
            self._work()
        except Exception:
            logger.exception("%s: a thread broke; its jobs' leases will end", self._queue)
