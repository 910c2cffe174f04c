"""What stands in the cache under a key or a tag, and why it is fresh or stale: for operators."""

from dataclasses import dataclass
from operator import itemgetter

from storychain import redis
from storychain.cache import entries
from storychain.cache.shapes import known_shapes
from storychain.cache.tags import TOKEN_BYTES

INTENT_BYTES = 16


@dataclass(frozen=True)
class TagState:
    """A tag's token (hex, or None), seconds until it is forgotten, number of pending writes."""

    name: str
    token: str | None
    seconds: float
    pending: int


@dataclass(frozen=True)
class EntryState:
    """An entry: its size and time left, its tags, and why it is not fresh (empty if it is)."""

    key: str
    bytes: int
    age: float
    seconds: float
    is_absent: bool
    tags: list[TagState]
    reasons: list[str]


def inspect_tag(name: str) -> TagState:
    """Return what is known of a tag."""
    client = redis.client("cache")
    value, life = client.get(redis.key("v", name)), client.pttl(redis.key("v", name))
    if value is None:
        return TagState(name, None, 0, 0)
    pending = (len(value) - TOKEN_BYTES) // INTENT_BYTES
    return TagState(name, value[:TOKEN_BYTES].hex(), life / 1000, pending)


def inspect_entry(key: str) -> EntryState | None:
    """Return what is stored under a key, without the prefix or with a shape; None if nothing is.

    What only processes of another version read is found by its full name.
    """
    client = redis.client("cache")
    names = [key + shape for shape in known_shapes()]
    stored = redis.mget([redis.key("e", name) for name in names])
    key, packed = next(filter(itemgetter(1), zip(names, stored, strict=True)), (key, b""))
    found = entries.unpack(packed)
    if found is None:
        return None
    header, _ = found
    tags = [inspect_tag(name) for name, _ in header.pairs]
    reasons = [_why(tag, token.hex()) for tag, (_, token) in zip(tags, header.pairs, strict=True)]
    if client.get(redis.key("epoch")) != header.epoch:
        reasons.append("another epoch: the server was restarted, replaced or flushed since")
    left = client.pttl(redis.key("e", key))
    return EntryState(
        key=key,
        bytes=len(packed or b""),
        age=entries.Found(header, b"", left).age / 1000,
        seconds=left / 1000,
        is_absent=header.is_absent,
        tags=tags,
        reasons=[reason for reason in reasons if reason],
    )


def _why(tag: TagState, token: str) -> str:
    if tag.token is None:
        return f"{tag.name} is gone: evicted or lapsed"
    if tag.token != token:
        return f"{tag.name} was bumped since"
    return f"{tag.name} has a write pending" if tag.pending else ""
