"""Keeps a process from asking a server that does not answer.

1. Whoever does not reach it opens the breaker. From then on nobody asks, so nobody waits.
2. A thread of the breaker's own tries to reach it: at once, then with growing waits.
3. Before it closes, what could not be done meanwhile is done; else it stays open.
"""

from __future__ import annotations

import itertools
import threading
import time
import weakref
from collections.abc import Callable

import structlog
from prometheus_client import Gauge

log = structlog.get_logger(__name__)
OPEN = Gauge(
    "storychain_breaker_open",
    "Processes that keep from asking a server, as it does not answer.",
    ["server"],
    multiprocess_mode="livesum",
)
STEP_SECONDS, LONGEST_SECONDS = 0.05, 0.5


class Breaker:
    """One process's view of one server; it opens at the `opens_at`-th failure in a row.

    `reach` does whatever must go well before the server is believed again, and raises if it does
    not.
    """

    def __init__(self, name: str, *, reach: Callable[[], object], opens_at: int = 1) -> None:
        """Be closed; `name` is the server's, in the log."""
        self._name, self._reach, self._opens_at = name, reach, opens_at
        self._failures = 0
        self._closer: threading.Thread | None = None
        self._lock = threading.Lock()
        OPEN.labels(name).set(0)

    @property
    def is_open(self) -> bool:
        """Whether the server was found not answering, and not yet found well."""
        return self._failures >= self._opens_at

    def allows(self) -> bool:
        """Tell whether the caller may ask the server."""
        return not self.is_open

    def is_in_the_way(self) -> bool:
        """Tell whether it is open, for everybody but the one who tries to close it."""
        return self.is_open and threading.current_thread() is not self._closer

    def fail(self) -> None:
        """Note that the server did not answer."""
        with self._lock:
            self._failures += 1
            if self.is_open and self._closer is None:
                self._closer = self._start_closing()

    def succeed(self) -> None:
        """Note that it did; once open, an answer from before does not close it."""
        with self._lock:
            if not self.is_open:
                self._failures = 0

    def try_to_close(self) -> bool:
        """Close if the server can be reached and nobody failed meanwhile; tell whether it did."""
        failures = self._failures
        try:
            self._reach()
        except Exception as error:  # noqa: BLE001 - whatever it is, the breaker stays open
            log.debug("a server stays away", server=self._name, why=repr(error))
            return False
        with self._lock:
            if self._failures != failures:
                return False
            self._failures, self._closer = 0, None
            OPEN.labels(self._name).set(0)
        log.info("a server is back", server=self._name)
        return True

    def _start_closing(self) -> threading.Thread:
        log.warning("a server does not answer", server=self._name)
        OPEN.labels(self._name).set(1)
        closer = threading.Thread(
            target=_keep_trying, args=(weakref.ref(self),), name="breaker", daemon=True
        )
        closer.start()
        return closer


def _keep_trying(reference: weakref.ref[Breaker]) -> None:
    """Try until it is closed, or nobody asks for it any more."""
    for tries in itertools.count(1):
        breaker = reference()
        if breaker is None or breaker.try_to_close():
            return
        del breaker
        time.sleep(min(STEP_SECONDS * tries, LONGEST_SECONDS))
