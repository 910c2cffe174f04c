"""The steps of a cached read in Redis, each one round trip."""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from django.conf import settings
from redis.exceptions import RedisError

from storychain import outbox, redis
from storychain.cache import clustered, entries
from storychain.cache.prepared import Prepared
from storychain.cache.tags import DEBT, LUA, Tag, kind_of, new_token
from storychain.cache.ttl import token_life

REMEMBERED_KEYS = 20_000


class Remembered:
    """The tags last seen for a key, so that its next read asks for them at once. Bounded, LRU."""

    def __init__(self) -> None:
        """Remember nothing."""
        self._tags: OrderedDict[str, tuple[Tag, ...]] = OrderedDict()
        self._lock = threading.Lock()

    def merge(self, key: str, tags: tuple[Tag, ...]) -> tuple[Tag, ...]:
        """Return the given tags and, behind them, the remembered ones."""
        return tuple(dict.fromkeys((*tags, *self._tags.get(key, ()))))

    def note(self, key: str, tags: Iterable[Tag]) -> None:
        """Remember what a key depended on last."""
        seen = tuple(tags)
        if self._tags.get(key) == seen:
            return
        with self._lock:
            self._tags[key] = seen
            self._tags.move_to_end(key)
            if len(self._tags) > REMEMBERED_KEYS:
                self._tags.popitem(last=False)


class Away(RedisError):
    """Nobody was asked, as Redis is known not to answer."""


@contextmanager
def asking() -> Iterator[None]:
    """Let ask who may; raise Away at once while Redis does not answer.

    Who finds out that it does not answer opens the breaker. What this process owes is paid first.
    """
    if not redis.breaker("cache").allows():
        raise Away("the cache's Redis did not answer a moment ago")
    try:
        DEBT.pay()
        yield
    except RedisError as error:
        redis.note_failure("cache", error)
        raise


def settle() -> None:
    """Make the bumps of all processes that are outstanding; raise RedisError if that fails.

    Before the breaker closes: what others could not tell Redis stands in the outbox.
    """
    if not outbox.flush("bump"):
        raise RedisError("bumps are outstanding")
    DEBT.pay()


redis.before_closing("cache", settle)


def look(key: str, known: Sequence[Tag]) -> entries.Found | None:
    """Return the entry if it is fresh; a second MGET for tags that it alone knows."""
    names = [redis.key("e", key), redis.key("epoch"), *(redis.key("v", name) for name in known)]
    (stored, epoch, *values), left = redis.mget_with_life(names)
    found = entries.unpack(stored)
    if found is None or epoch is None:
        return None
    header, body = found
    if header.epoch != epoch:
        return None
    tokens = dict(zip(known, values, strict=True))
    if missing := [Tag(name) for name, _ in header.pairs if name not in tokens]:
        # The epoch once more: the server may have come back with old data in between.
        epoch, *more = redis.mget([redis.key("epoch"), *(redis.key("v", n) for n in missing)])
        if header.epoch != epoch:
            return None
        tokens |= dict(zip(missing, more, strict=True))
    return entries.Found(header, bytes(body), left) if _agree(tokens, header) else None


def look_many(keys: Sequence[str]) -> dict[str, tuple[entries.Header, bytes]]:
    """Return header and body of the entries that are fresh, by key; two MGETs at most."""
    *stored, epoch = redis.mget([*(redis.key("e", key) for key in keys), redis.key("epoch")])
    unpacked = {key: entries.unpack(entry) for key, entry in zip(keys, stored, strict=True)}
    found = {key: entry for key, entry in unpacked.items() if entry and entry[0].epoch == epoch}
    names = list({Tag(name) for header, _ in found.values() for name, _ in header.pairs})
    tokens: dict[Tag, bytes | None] = {}
    if names:
        # The epoch once more, as above.
        again, *values = redis.mget([redis.key("epoch"), *(redis.key("v", n) for n in names)])
        if again != epoch:
            return {}
        tokens.update(zip(names, values, strict=True))
    return {
        key: (header, bytes(body))
        for key, (header, body) in found.items()
        if _agree(tokens, header)
    }


def _agree(tokens: Mapping[Tag, bytes | None], header: entries.Header) -> bool:
    """Tell whether every token is what it was; one with a pending write is longer than any."""
    return all(tokens[Tag(name)] == token for name, token in header.pairs)


def look_back(key: str, *, seconds: float) -> entries.Found | None:
    """Return the entry as it is, fresh or not, if it is of today's epoch and no older than that."""
    (stored, epoch), left = redis.mget_with_life([redis.key("e", key), redis.key("epoch")])
    unpacked = entries.unpack(stored)
    if unpacked is None or unpacked[0].epoch != epoch or unpacked[0].is_absent:
        return None
    found = entries.Found(unpacked[0], bytes(unpacked[1]), left)
    return found if found.age <= seconds * 1000 else None


def prepare(
    key: str, known: Sequence[Tag], finds: Sequence[str], *, fixed: int | None = None
) -> Prepared:
    """Make what is missing, prune lapsed intents, and ask for the lease if `fixed` is given.

    The lease is for the tokens of the first `fixed` tags, those that every reader of the key names:
    what some remember and others do not must not make them take it from each other.
    """
    owner = new_token()
    if redis.is_cluster():
        return clustered.prepare(key, known, finds, owner=owner, fixed=fixed)
    # The fences of all kinds: a lapsed intent moves the fence of its tag's kind as END would.
    kinds = [*finds, *sorted({kind_of(name) for name in known} - set(finds))]
    count = len(kinds) + len(known)
    answer = _run(
        "prepare",
        [
            redis.key("epoch"),
            redis.key("l", key),
            *(redis.key("f", kind) for kind in kinds),
            *(redis.key("v", name) for name in known),
        ],
        [
            owner,
            int(settings.CACHE_LEASE_SECONDS * 1000) if fixed is not None else 0,
            token_life(),
            len(kinds),
            fixed or 0,
            *(new_token() for _ in range(count + 1)),
            *(kinds.index(kind_of(name)) + 3 for name in known),
        ],
    )
    state, epoch, *tokens = answer
    return Prepared(
        state=state.decode(),
        owner=owner,
        epoch=epoch,
        fence_tokens=tuple(tokens[: len(finds)]),
        tag_tokens=tuple(tokens[len(kinds) :]),
    )


def tokens_of_found(
    found: Sequence[Tag], finds: Sequence[str], before: Prepared
) -> dict[Tag, bytes] | None:
    """Return the tokens of tags found while loading; None after a write meanwhile."""
    after = prepare("-", found, finds)
    if after.state == "pending" or after.fence_tokens != before.fence_tokens:
        return None
    return dict(zip(found, after.tag_tokens, strict=True))


def store(key: str, prepared: Prepared, header: entries.Header, body: bytes, life: int) -> bool:
    """Store an entry if the lease is still ours; tell whether it was."""
    if redis.is_cluster():
        names = [name for name, _ in header.pairs]
        return clustered.store(key, prepared.owner, entries.pack(header, body), life, names)
    keys = [redis.key("l", key), redis.key("e", key), *(redis.key("v", n) for n, _ in header.pairs)]
    args = [prepared.owner, entries.pack(header, body), life, token_life()]
    return bool(_run("store", keys, args))


def give_back(key: str, prepared: Prepared) -> None:
    """Return a lease that nothing was stored under, so that nobody waits for it."""
    with suppress(RedisError):  # it lapses by itself
        _run("release", [redis.key("l", key)], [prepared.owner])


def _run(name: str, keys: Sequence[str], args: Sequence[Any]) -> Any:
    return redis.run(LUA / f"{name}.lua", keys, args)
