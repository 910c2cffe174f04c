"""Which workers there are: each says so with every heartbeat."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from django.conf import settings

from storychain import redis
from storychain.queues.scripts import Script, asking_ledger
from storychain.queues.stats import stats

MISSED_BEATS = 3
FORGOTTEN_BEATS = 720


_present = Script("present", int)


class Presence(msgspec.Struct, frozen=True):
    """What a worker says of itself; `beat_at` is seconds since 1970 by the ledger's clock."""

    queues: list[str]
    beat_at: float


def say_present(worker: str, *, queues: list[str]) -> None:
    """Note that a worker lives and for which queues it works."""
    _present({"worker": worker, "queues": queues})


def say_goodbye(worker: str) -> None:
    """Note that a worker has stopped as it should."""
    _present({"worker": worker, "queues": []})


def worker_health() -> dict[str, Any]:
    """Return the seed's JSON: a row for each worker and queue, and when this was.

    A worker that missed three heartbeats is not running; it is forgotten after an hour.
    """
    now = _now()
    paused = {row["name"]: row["paused"] for row in stats()}
    with asking_ledger() as client:
        found = client.hgetall(_key())
    rows = [
        row
        for worker, said in sorted(found.items())
        for row in _show(worker.decode(), msgspec.json.decode(said, type=Presence), now, paused)
    ]
    return {"workers": rows, "timestamp": _iso(now)}


def _show(worker: str, said: Presence, now: float, paused: dict[str, bool]) -> list[dict[str, Any]]:
    age = now - said.beat_at
    if age > FORGOTTEN_BEATS * settings.QUEUE_HEARTBEAT_SECONDS:
        say_goodbye(worker)
        return []
    return [
        {
            "worker": worker.partition("/")[0],
            "queue": queue,
            "running": age < MISSED_BEATS * settings.QUEUE_HEARTBEAT_SECONDS,
            "paused": paused[queue],
            "active": _count_held(queue, worker),
            "last_beat": _iso(said.beat_at),
        }
        for queue in said.queues
    ]


def _count_held(queue: str, worker: str) -> int:
    with asking_ledger() as client:
        return int(client.hget(redis.key("q", queue, "held"), worker) or 0)


def _now() -> float:
    with asking_ledger() as client:
        seconds, micros = client.time()
    return float(seconds + micros / 1e6)


def _key() -> str:
    return redis.key("q", "workers")


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
