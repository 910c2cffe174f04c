"""Delivers what writers could not, the outbox, for as long as it runs; and settles counts."""

import signal
import threading
from typing import Any

import structlog
from django.conf import settings
from django.core.management.base import BaseCommand
from pymongo.errors import PyMongoError

from storychain import counters, outbox
from storychain.queues.ticking import Ticker

log = structlog.get_logger(__name__)


class Command(BaseCommand):
    """Offers due outbox rows until SIGTERM or Ctrl-C: none waits for OUTBOX_RELAY_SECONDS.

    Counts are settled in a thread of their own, so that a long outbox holds up none.
    """

    help = "Deliver outbox rows that their writers could not deliver, until stopped (SIGTERM)."

    def handle(self, **_: Any) -> None:
        """Relay until told to stop; a MongoDB that is away is waited for."""
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        settling = Ticker({counters.settle_once: settings.COUNTS_SETTLE_SECONDS})
        settling.start()
        while not stop.is_set():
            if not _relay(stop):
                stop.wait(settings.OUTBOX_RELAY_SECONDS / 2)
        settling.stop()


def _relay(stop: threading.Event) -> int:
    """Offer once; return how many rows were taken, none where MongoDB does not answer."""
    try:
        return outbox.relay_once(until=stop.is_set)
    except PyMongoError as error:
        log.warning("the outbox cannot be read", why=str(error))
        return 0
