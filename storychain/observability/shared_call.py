"""One call for all who ask at the same time, and nobody waits longer than he said."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Generic, TypeVar

from django.db import connections

T = TypeVar("T")


class SharedCall(Generic[T]):
    """A slow function behind which callers gather.

    Its outcome, value or error, is shared until it is `max_age` seconds old, counted from the
    start of the call. A call that hangs is not repeated while it runs: it holds one thread, and
    everybody else is told TimeoutError.
    """

    def __init__(self, function: Callable[[], T]) -> None:
        """Take the function; nothing is called yet."""
        self._function = function
        self._lock = threading.Lock()
        self._run: Future[T] | None = None
        self._started = 0.0

    def result(self, *, max_age: float, patience: float) -> T:
        """Return the shared value, or raise the shared error; TimeoutError after `patience` s.

        Patience, too, counts from the start of the call, so that no queue of waiters builds up.
        """
        run, age = self._current(max_age)
        return run.result(timeout=max(0.0, patience - age))

    def start(self, *, max_age: float) -> None:
        """Begin the call if there is none that is young enough; wait for nothing."""
        self._current(max_age)

    def _current(self, max_age: float) -> tuple["Future[T]", float]:
        with self._lock:
            now = time.monotonic()
            if self._run is None or (self._run.done() and now - self._started >= max_age):
                self._run, self._started = _in_background(self._function), now
            return self._run, now - self._started


def _in_background(function: Callable[[], T]) -> "Future[T]":
    """Call in a daemon thread, which a hanging part cannot make the process wait for at its end."""
    future: Future[T] = Future()
    threading.Thread(target=_settle, args=(future, function), daemon=True).start()
    return future


def _settle(future: "Future[T]", function: Callable[[], T]) -> None:
    try:
        value = function()
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is handed to the callers
        future.set_exception(error)
    else:
        future.set_result(value)
    finally:
        with suppress(Exception):
            connections.close_all()
