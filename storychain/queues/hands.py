"""A holder at one queue: takes jobs, keeps their leases alive, hands outcomes in."""

import itertools
import logging
import threading
import time
from collections.abc import Sequence

from storychain import outbox
from storychain.queues import ledger, recording
from storychain.queues.heart import Heart
from storychain.queues.running import Run
from storychain.queues.scripts import LedgerAway
from storychain.queues.wire import NO_BULK, Ask, Bulk, Claimed, Outcome

# Between two tries; how long to go on when the worker stops, and where nobody can say that it does.
PAUSE_SECONDS, LAST_SECONDS, MOST_SECONDS = 0.2, 5.0, 300.0
ENDS = frozenset({"completed", "failed"})
logger = logging.getLogger(__name__)


class Hands:
    """The jobs of one queue that this process holds."""

    def __init__(
        self, *, queue: str, slots: int, holder: str, heart: Heart, stopping: threading.Event
    ) -> None:
        """Hold nothing yet; `slots` jobs at most are in the hands of all processes of a worker."""
        self._queue, self._slots, self._holder = queue, slots, holder
        self._heart, self._stopping = heart, stopping
        self._runs: dict[str, Run] = {}
        self._nonces = itertools.count(1)

    @property
    def free(self) -> int:
        """How many more jobs fit."""
        return self._slots - len(self._runs)

    def take(
        self,
        *,
        want: int,
        outcomes: Sequence[Outcome] = (),
        answers_bell: bool = False,
        linger_seconds: float = 0,
        bulk: Bulk = NO_BULK,
    ) -> list[Run]:
        """Hand in outcomes and claim up to `want` jobs, and batched ones beyond that.

        Raise LedgerAway if the ledger is away for minutes, or the worker stops while it is.
        """
        cap, nonce = self._slots + bulk.held, str(next(self._nonces))
        ask = Ask(want, cap, nonce, answers_bell, linger_seconds, bulk)
        return self._exchange(outcomes, ask)

    def leave(self, outcomes: Sequence[Outcome] = ()) -> None:
        """Hand in the last outcomes; somebody else is rung for what waits. Raise as `take` does."""
        self._exchange(outcomes, None)

    def _exchange(self, outcomes: Sequence[Outcome], ask: Ask | None) -> list[Run]:
        self._complete_rows(outcomes)
        ended = [(self._runs[outcome.job_id], outcome) for outcome in outcomes]
        try:
            refused, claimed = self._insist(outcomes, ask)
        finally:
            self.let_go([outcome.job_id for outcome in outcomes])
        if refused:
            logger.warning("%s: in other hands when they ended: %s", self._queue, refused)
        recording.note_outcomes(ended, refused=refused, holder=self._holder)
        runs = [Run(queue=self._queue, claimed=job) for job in claimed]
        for run in runs:
            self._runs[run.id] = run
            self._heart.hold(run)
        return runs

    def abandon(self) -> None:
        """Let all jobs go as they are."""
        self.let_go(list(self._runs))

    def let_go(self, job_ids: Sequence[str]) -> None:
        """Let jobs go as they are: their leases end, and others take them."""
        for job_id in job_ids:
            self._runs.pop(job_id, None)
            self._heart.let_go(job_id)

    def _complete_rows(self, outcomes: Sequence[Outcome]) -> None:
        """Let the outbox forget what ended: after the effect, before the ledger may forget it."""
        ended = [o.job_id for o in outcomes if o.state in ENDS and self._runs[o.job_id].spec.outbox]
        if not ended:
            return
        try:
            outbox.complete(ended)
        except Exception as error:  # noqa: BLE001 - the relay offers the rows again and completes them
            logger.warning("Outbox rows stay open: %r", error)

    def _insist(
        self, outcomes: Sequence[Outcome], ask: Ask | None
    ) -> tuple[list[str], list[Claimed]]:
        """Repeat until it is done: tokens and the nonce make a repetition harmless."""
        ends_at = time.monotonic() + MOST_SECONDS
        while True:
            try:
                return ledger.exchange(
                    queue=self._queue, holder=self._holder, outcomes=outcomes, ask=ask
                )
            except LedgerAway as error:
                logger.warning("%s: the ledger does not answer: %r", self._queue, error)
                time.sleep(PAUSE_SECONDS)
                if self._stopping.is_set():
                    ends_at = min(ends_at, time.monotonic() + LAST_SECONDS)
                if time.monotonic() > ends_at:
                    raise
