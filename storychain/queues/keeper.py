"""What keeps the queues going, in every worker: promote, sweep, mend losses, mirror, alert.

All of it may happen in several workers at once, or in none for a while; nothing gets lost by that.
"""

from collections.abc import Callable, Mapping, Sequence

from django.conf import settings

from storychain.queues import ledger, recording
from storychain.queues.alerts import log_alerts
from storychain.queues.deadletters import mirror_dead
from storychain.queues.losses import mend_losses
from storychain.queues.presence import say_goodbye, say_present
from storychain.queues.station import name_worker
from storychain.queues.ticking import Ticker

ALERT_BEATS = 2


class Keeper:
    """The upkeep of all queues by one worker."""

    def __init__(
        self, *, worker: str, queues: Sequence[str], tasks: Mapping[Callable[[], object], float]
    ) -> None:
        """Take the worker's name, the queues that it works for, and what else is to be done."""
        self._worker, self._queues = name_worker(worker), list(queues)
        beat = settings.QUEUE_HEARTBEAT_SECONDS
        urgent = {
            **tasks,
            ledger.promote: settings.QUEUE_PROMOTE_SECONDS,
            _sweep: settings.QUEUE_SWEEP_SECONDS,
            self._say_present: beat,
        }
        # In a thread of its own: what waits for MongoDB is not to hold up the others.
        patient: dict[Callable[[], object], float] = {
            mend_losses: settings.QUEUE_SWEEP_SECONDS,
            mirror_dead: settings.QUEUE_SWEEP_SECONDS,
            log_alerts: ALERT_BEATS * beat,
        }
        self._tickers = (Ticker(urgent), Ticker(patient))

    def start(self) -> None:
        """Begin."""
        for ticker in self._tickers:
            ticker.start()

    def stop(self) -> None:
        """End, and say so."""
        for ticker in self._tickers:
            ticker.stop()
        say_goodbye(self._worker)
        recording.close()

    def _say_present(self) -> None:
        say_present(self._worker, queues=self._queues)


def _sweep() -> None:
    recording.note_lost(ledger.sweep())
