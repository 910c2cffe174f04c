"""Cached reads: `Region.get_or_load` returns what is stored while it is fresh, else loads it.

1. One MGET: the entry, the epoch, and the tokens of the tags. Fresh if every token is what the
   entry was stored with, none has a write pending, and the epoch is the entry's.
2. Else one script makes what is missing and asks for the lease of (key, tokens). The tokens are so
   in hand before the load begins.
3. Whoever has the lease loads and stores, if the lease is still his; the others wait for that, a
   bounded time, and then load for themselves without storing.
4. Tags that the load found were not read before it. Their kinds' fences were: if these stand still
   until the found tags' tokens are read, no write of them ended during the load.

Without Redis, and inside a unit of work, a read is its load.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Generic, TypeVar

import msgspec
import structlog
from django.conf import settings
from redis.exceptions import RedisError

from storychain import redis
from storychain.cache import entries, protocol, stats, unannounced
from storychain.cache.absence import read_absence, write_absence
from storychain.cache.cached import Answer, Cached, answer_of
from storychain.cache.flights import Flights
from storychain.cache.loading import Loading, current_loading, depends_on, loading
from storychain.cache.prepared import Prepared
from storychain.cache.shapes import shape_of
from storychain.cache.tags import DEBT, Tag, kind_of, tag
from storychain.cache.ttl import life_of
from storychain.documents import current_unit
from storychain.errors import NotFound

__all__ = ["Cached", "Region", "depends_on"]

log = structlog.get_logger(__name__)
T = TypeVar("T")
POLL_SECONDS, POLL_GROWTH, LONGEST_POLL_SECONDS = 0.005, 1.5, 0.1


class Region(Generic[T]):
    """Entries that share freshness rules.

    `ttl` in seconds or a name of the TTL table; `type` is what a load returns, a msgspec type;
    `finds` are the kinds of tags that a load may find on its way; `reads` the collections that it
    reads, for the rare write whose documents are not known. With `stale_seconds` a reader is given
    the page as it was (STALE) while somebody else loads it anew, if it is no older than that: the
    one declared exception to the promise, for pages whose source lags anyway.
    """

    def __init__(
        self,
        name: str,
        *,
        ttl: int | str,
        type: Any,  # noqa: A002 - the word for it
        finds: Sequence[str] = (),
        reads: Sequence[str] = (),
        stale_seconds: float = 0,
    ) -> None:
        """Name the region, as it stands in the statistics."""
        self.name = name
        self._ttl, self._finds, self._stale_seconds = ttl, tuple(finds), stale_seconds
        self._decoder = msgspec.json.Decoder(type)
        self._shape = shape_of(type)
        self._always = tuple(tag("all", collection) for collection in reads)
        for collection in reads:
            unannounced.watch(partial(str, collection))
        self._remembered = protocol.Remembered()
        self._flights: Flights[Answer] = Flights()
        self._has_complained = False

    def get_or_load(self, key: str, *, tags: Iterable[Tag], load: Callable[[], T]) -> Cached[T]:
        """Return the page under `key`, loading it if it is not stored or not fresh.

        `tags` name what it is known to depend on; `load` may name more by `depends_on`. A load that
        raises NotFound is remembered as absent for TTL["NEGATIVE"] and raises so again.
        """
        answer = self._read(key + self._shape, tuple(dict.fromkeys((*self._always, *tags))), load)
        stats.count(self.name, answer.state)
        outer = current_loading()
        if outer is not None:
            outer.take(answer.pairs)
        if answer.is_absent:
            raise read_absence(answer.body)
        return answer.show(self.decode)

    def encode(self, value: T) -> bytes:
        """Return what is stored of a value, ready to send."""
        return msgspec.json.encode(value)

    def decode(self, body: bytes) -> T:
        """Return what a stored body says."""
        decoded: T = self._decoder.decode(body)
        return decoded

    def complain(self, key: str, *, why: str) -> None:
        """Count a value that cannot be stored, and tell the developer once; its user has a miss."""
        stats.count(self.name, "ERROR")
        if not self._has_complained:
            self._has_complained = True
            log.error("this cannot be cached", region=self.name, key=key, why=why)

    def _read(self, key: str, tags: tuple[Tag, ...], load: Callable[[], T]) -> Answer:
        if current_unit() is not None or not redis.breaker("cache").allows():
            return self._load_only(load)
        try:
            DEBT.pay()
            return self._read_through(key, tags, load)
        except RedisError as error:
            redis.note_failure("cache", error)
            stats.count(self.name, "ERROR")
            return self._load_only(load)

    def _read_through(self, key: str, tags: tuple[Tag, ...], load: Callable[[], T]) -> Answer:
        until, pause = time.monotonic() + settings.CACHE_WAIT_SECONDS, POLL_SECONDS
        while True:
            known = self._remembered.merge(key, tags)
            hit = self._look(key, known)
            if hit is not None and not hit.wants_refresh():
                return answer_of(hit)
            prepared = protocol.prepare(key, known, self._finds, fixed=len(tags))
            if prepared.state == "lease":
                return self._use_lease(key, known, prepared, load, is_refresh=hit is not None)
            if prepared.state == "lost" and hit is not None:
                return answer_of(hit)  # somebody else refreshes it
            if prepared.state == "lost" and (old := self._look_back(key)) is not None:
                return old
            shared = self._board(key, prepared)
            if shared is not None:
                return shared
            if prepared.state == "pending" or time.monotonic() > until:
                return self._load_only(load)
            time.sleep(pause)
            pause = min(pause * POLL_GROWTH, LONGEST_POLL_SECONDS)

    def _use_lease(
        self,
        key: str,
        known: tuple[Tag, ...],
        prepared: Prepared,
        load: Callable[[], T],
        *,
        is_refresh: bool,
    ) -> Answer:
        """Load and store, unless another did so between our look and our lease."""
        hit = None if is_refresh else self._look(key, known)
        if hit is None:
            return self._load_and_store(key, known, prepared, load)
        protocol.give_back(key, prepared)
        return answer_of(hit)

    def _board(self, key: str, prepared: Prepared) -> Answer | None:
        """Return what a load in this process, begun with the same tokens, comes to."""
        flight = self._flights.board((key, prepared.tokens))
        if flight is None or prepared.state == "pending":
            return None
        flight.landed.wait(settings.CACHE_WAIT_SECONDS)
        return flight.result

    def _look_back(self, key: str) -> Answer | None:
        """Return the page as it was, while somebody else loads it, if the region allows that."""
        seconds = self._stale_seconds
        found = protocol.look_back(key, seconds=seconds) if seconds else None
        return replace(answer_of(found), state="STALE", pairs=None) if found is not None else None

    def _look(self, key: str, known: tuple[Tag, ...]) -> entries.Found | None:
        found = protocol.look(key, known)
        if found is not None:
            self._remembered.note(key, (Tag(name) for name, _ in found.header.pairs))
        return found

    def _load_and_store(
        self, key: str, known: tuple[Tag, ...], prepared: Prepared, load: Callable[[], T]
    ) -> Answer:
        name = (key, prepared.tokens)
        flight, settled = self._flights.start(name), None
        try:
            answer, cost, inside = self._load(load)
            self._flights.close(name)
            settled = self._settle(key, known, prepared, answer, cost, inside)
            flight.result = settled if _is_for_passengers(known, inside) else None
            return settled or answer
        finally:
            self._flights.close(name)
            if settled is None:
                protocol.give_back(key, prepared)
            flight.landed.set()

    def _settle(
        self,
        key: str,
        known: tuple[Tag, ...],
        prepared: Prepared,
        answer: Answer,
        cost: int,
        inside: Loading,
    ) -> Answer | None:
        """Store what was loaded and return it as stored; None if it must not or could not be."""
        if len(answer.body) > settings.CACHE_LARGEST_BYTES:
            self.complain(key, why=f"{len(answer.body)} bytes are over CACHE_LARGEST_BYTES")
            return None
        try:
            pairs = self._settle_pairs(key, known, prepared, inside)
            if pairs is None:
                return None
            settled = replace(answer, pairs=pairs)
            return replace(settled, is_stored=self._store(key, prepared, settled, cost))
        except RedisError as error:
            redis.note_failure("cache", error)
            stats.count(self.name, "ERROR")
            return None

    def _settle_pairs(
        self, key: str, known: tuple[Tag, ...], prepared: Prepared, inside: Loading
    ) -> dict[Tag, bytes] | None:
        """Return every (tag, token) that the load depended on; None if it must not be stored."""
        pairs = dict(zip(known, prepared.tag_tokens, strict=True))
        found = tuple(sorted(inside.found - pairs.keys()))
        self._remembered.note(key, dict.fromkeys((*pairs, *inside.pairs, *found)))
        if inside.is_tainted:
            return None
        tokens = self._settle_found(found, prepared)
        if tokens is None:
            return None
        pairs |= tokens
        # What a page inside depends on may have been read here as well, before that page was.
        is_whole = all(pairs.get(name, token) == token for name, token in inside.pairs.items())
        return pairs | inside.pairs if is_whole else None

    def _settle_found(self, found: tuple[Tag, ...], prepared: Prepared) -> dict[Tag, bytes] | None:
        """Return the tokens of tags found while loading; None after a write meanwhile."""
        if not found:
            return {}
        unguarded = {kind_of(name) for name in found} - set(self._finds)
        if unguarded:
            raise LookupError(
                f"region {self.name} found tags of kinds that it did not declare: {unguarded}"
            )
        return protocol.tokens_of_found(found, self._finds, prepared)

    def _load(self, load: Callable[[], T]) -> tuple[Answer, int, Loading]:
        started = time.perf_counter()
        with loading() as inside:
            try:
                body, is_absent = self.encode(load()), False
            except NotFound as error:
                body, is_absent = write_absence(error), True
        cost = int((time.perf_counter() - started) * 1000)
        return Answer(body, is_absent, None, "MISS"), cost, inside

    def _load_only(self, load: Callable[[], T]) -> Answer:
        return replace(self._load(load)[0], state="BYPASS")

    def _store(self, key: str, prepared: Prepared, answer: Answer, cost: int) -> bool:
        life = life_of("NEGATIVE" if answer.is_absent else self._ttl)
        header = entries.Header(
            epoch=prepared.epoch,
            life=life,
            cost=cost,
            etag=entries.etag_of(answer.body),
            is_absent=answer.is_absent,
            pairs=tuple((answer.pairs or {}).items()),
        )
        return protocol.store(key, prepared, header, answer.body, life)


def _is_for_passengers(known: tuple[Tag, ...], inside: Loading) -> bool:
    """Tell whether the flight's name holds for all that its load read.

    What cached reads inside it depended on is not in the name: who boarded after a write of that
    must look for himself, and finds what was just stored.
    """
    return inside.pairs.keys() <= set(known)
