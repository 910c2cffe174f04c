"""How the cache does: counted in this process, summed over all of them in Redis.

Counting costs no round trip a read: a process adds its counts up and sends them once a second with
whatever read comes next, and when it ends.
"""

import atexit
import threading
import time
from collections import Counter
from contextlib import suppress
from typing import Any

from redis.exceptions import RedisError

from storychain import redis

SEND_SECONDS = 1.0
NAMES = {"HIT": "hits", "MISS": "misses", "STALE": "stale", "BYPASS": "bypass", "ERROR": "errors"}

_counts: Counter[str] = Counter()
_lock = threading.Lock()
_sent_at = time.monotonic()


def count(region: str, state: str) -> None:
    """Count one read of a region that came as `state` (HIT, MISS, STALE, BYPASS or ERROR)."""
    with _lock:
        _counts[f"{region}|{NAMES[state]}"] += 1
    if time.monotonic() - _sent_at > SEND_SECONDS:
        send()


def send() -> None:
    """Add this process's counts to everybody's; what cannot be sent is kept for the next time."""
    global _sent_at  # noqa: PLW0603 - the time is the process's
    _sent_at = time.monotonic()
    if not redis.breaker("cache").allows():
        return
    taken = _take()
    try:
        _add(taken)
    except RedisError as error:
        redis.note_failure("cache", error)
        with _lock:
            _counts.update(taken)


def _take() -> Counter[str]:
    with _lock:
        taken = _counts.copy()
        _counts.clear()
    return taken


def _add(counts: Counter[str]) -> None:
    name = redis.key("stats")
    if counts:
        redis.send([("HINCRBY", name, field, number) for field, number in counts.items()])


@atexit.register
def _send_last() -> None:
    """Send what is left; nobody is there any more to learn that the server does not answer."""
    with suppress(RedisError):
        _add(_take())


def stats() -> dict[str, Any]:
    """Return {connected, hits, misses, stale, bypass, errors, hitRate, regions: {name: the same}}.

    Summed over all processes since Redis last lost them; `hitRate` as "93.7%", "0%" when idle.
    """
    send()
    fields = _read()
    regions: dict[str, Counter[str]] = {}
    for field, number in (fields or {}).items():
        region, _, name = field.decode().partition("|")
        regions.setdefault(region, Counter())[name] = int(number)
    total = sum(regions.values(), Counter())
    return {
        "connected": fields is not None,
        **_with_rate(total),
        "regions": {name: _with_rate(counts) for name, counts in sorted(regions.items())},
    }


def _read() -> dict[bytes, bytes] | None:
    """Return everybody's counts; None if Redis does not answer."""
    if not redis.breaker("cache").allows():
        return None
    try:
        found: dict[bytes, bytes] = redis.client("cache").hgetall(redis.key("stats"))
    except RedisError as error:
        redis.note_failure("cache", error)
        return None
    return found


def _with_rate(counts: "Counter[str]") -> dict[str, Any]:
    hits = counts["hits"] + counts["stale"]
    reads = hits + counts["misses"] + counts["bypass"]
    rate = f"{100 * hits / reads:.1f}%" if reads else "0%"
    return {**{name: counts[name] for name in NAMES.values()}, "hitRate": rate}


def ping() -> bool:
    """Tell whether the cache's Redis answers."""
    try:
        return bool(redis.client("cache").ping())
    except RedisError:
        return False
