"""How often a name was called within its minute: counted in Redis, else in this process.

A minute begins with the first call and is the server's. Three commands in one round trip: the count
goes up, its end is set where it has none, and what is left of it is asked. A count that lost its
end, as the server died in between, gets one with the next call.

Once a name is over its limit it stays so until its minute ends: that is remembered here, and Redis
is not asked again. So who floods costs no round trips.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple, NoReturn

from redis.exceptions import RedisError

from storychain import redis

WINDOW_SECONDS = 60
_LIFE = WINDOW_SECONDS * 1000
_REMEMBERED = 10_000


class Minute(NamedTuple):
    """How often it was, this time included, and in how many seconds that is forgotten."""

    times: int
    seconds: float


class Away(Exception):
    """Redis does not count."""


class Local:
    """The minutes that this process knows by itself; bounded, the oldest are forgotten."""

    def __init__(self) -> None:
        """Know none."""
        self._minutes: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, name: str) -> Minute | None:
        """Return a minute that has not ended."""
        times, ends = self._minutes.get(name, (0, 0.0))
        left = ends - time.monotonic()
        return Minute(times, left) if left > 0 else None

    def note(self, name: str, minute: Minute) -> None:
        """Remember what Redis said."""
        with self._lock:
            self._keep(name, minute)

    def count(self, name: str) -> Minute:
        """Count in the place of Redis."""
        with self._lock:
            known = self.find(name) or Minute(0, WINDOW_SECONDS)
            minute = Minute(known.times + 1, known.seconds)
            self._keep(name, minute)
        return minute

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._minutes.clear()

    def _keep(self, name: str, minute: Minute) -> None:
        self._minutes[name] = (minute.times, time.monotonic() + minute.seconds)
        self._minutes.move_to_end(name)
        if len(self._minutes) > _REMEMBERED:
            self._minutes.popitem(last=False)


LOCAL = Local()


def find_over(name: str, *, limit: int) -> Minute | None:
    """Return the minute of a name that is known to be over its limit: nobody need be asked."""
    known = LOCAL.find(name)
    return known if known and known.times > limit else None


def begin_count(name: str, *, limit: int) -> Callable[[], Minute]:
    """Count a call under a key of ours; what is returned waits for Redis, and may raise Away."""
    if not redis.breaker("cache").allows():
        return away
    try:
        ask = redis.begin([("INCR", name), ("PEXPIRE", name, _LIFE, "NX"), ("PTTL", name)])
    except RedisError as error:
        redis.note_failure("cache", error)
        return away
    return lambda: _read(ask, name, limit)


def _read(ask: Callable[[], list[int]], name: str, limit: int) -> Minute:
    try:
        times, _, left = ask()
    except RedisError as error:
        redis.note_failure("cache", error)
        raise Away from error
    minute = Minute(times, max(left, 0) / 1000)
    if times > limit:
        LOCAL.note(name, minute)
    return minute


def away() -> NoReturn:
    """Say that Redis does not count."""
    raise Away
