"""Which of several beats fires: the one that holds the lease; the others stand by.

The lease spares work, no more. What makes a slot run once is its unique row in SQL and its job's
id, so a leader that stood still and goes on late does no harm, and where Redis cannot say who
leads, everybody writes due slots down. Source: redis-py's Lock, after "Distributed Locks with
Redis" (redis.io), which says as much of it.
"""

import os
import socket
from contextlib import suppress
from datetime import datetime
from typing import Any

import msgspec
from django.conf import settings
from redis.exceptions import LockError
from redis.lock import Lock

from storychain import redis
from storychain.queues.scripts import LedgerAway, asking_ledger

FORGOTTEN_LEASES = 3


class Beat(msgspec.Struct, frozen=True):
    """What a beat says of itself; `skew` is how many seconds its host's clock is ahead."""

    name: str
    leads: bool
    skew: float
    said_at: float


class Leadership:
    """One beat's claim to lead, renewed at every tick."""

    def __init__(self) -> None:
        """Name this beat: host, process, and what no other has."""
        self.name = f"{socket.gethostname()}:{os.getpid()}:{os.urandom(4).hex()}"
        self.leads = False

    def hold(self) -> bool:
        """Take or renew the lease; return whether to fire: also when Redis cannot say."""
        try:
            with asking_ledger() as client:
                self.leads = self._take(self._lock(client))
        except LedgerAway:
            return True
        return self.leads

    def give_up(self) -> None:
        """Let a stand-by take over at once."""
        led, self.leads = self.leads, False
        with suppress(LedgerAway, LockError), asking_ledger() as client:
            client.hdel(_key("beats"), self.name)
            if led:
                self._lock(client).release()

    def say_present(self, *, skew: float, now: datetime) -> None:
        """Tell operators that this beat lives; `skew` is in seconds, `now` the shared time."""
        said = Beat(self.name, self.leads, round(skew, 3), now.timestamp())
        with suppress(LedgerAway), asking_ledger() as client:
            client.hset(_key("beats"), self.name, msgspec.json.encode(said))

    def _take(self, lock: Lock) -> bool:
        if lock.owned():
            with suppress(LockError):  # it ended just now, and is taken again like any other
                return bool(lock.reacquire())
        return bool(lock.acquire(blocking=False, token=self.name))

    def _lock(self, client: Any) -> Lock:
        lock = Lock(
            client, _key("leader"), timeout=settings.SCHEDULE_LEASE_SECONDS, thread_local=False
        )
        lock.local.token = self.name.encode()
        return lock


def list_beats() -> list[Beat]:
    """Return the beats that live, by name; raise LedgerAway. Those long silent are forgotten."""
    with asking_ledger() as client:
        found = client.hgetall(_key("beats"))
        (seconds, _) = client.time()
        beats = [msgspec.json.decode(said, type=Beat) for said in found.values()]
        oldest = seconds - FORGOTTEN_LEASES * settings.SCHEDULE_LEASE_SECONDS
        if gone := [beat.name for beat in beats if beat.said_at < oldest]:
            client.hdel(_key("beats"), *gone)
    return sorted((beat for beat in beats if beat.said_at >= oldest), key=lambda beat: beat.name)


def _key(name: str) -> str:
    return redis.key("sched", name)
