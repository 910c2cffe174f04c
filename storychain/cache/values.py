"""The plain operations on single values, for what is not a page: the seed's CacheService.

A value comes back as the type that went in. `get_or_set` and `@cached` keep a region's promise:
after an acknowledged write no older value is returned. A bare `set` cannot, as what it is given may
have been read before the write; prefer the two.

Without Redis, reads find nothing and writes do nothing; only `invalidate_tags` raises, as a bump
must not be lost silently.
"""

import functools
from collections.abc import Callable, Iterable
from typing import Any, ParamSpec, TypeVar

import structlog
from django.conf import settings
from redis.exceptions import RedisError

from storychain import redis
from storychain.cache import entries, protocol, typed
from storychain.cache.invalidation import bump
from storychain.cache.keys import build_key
from storychain.cache.loading import current_loading
from storychain.cache.region import Region
from storychain.cache.tags import Tag
from storychain.cache.ttl import life_of

__all__ = ["cached", "delete", "delete_pattern", "get", "get_many", "get_or_set", "set_value"]

log = structlog.get_logger(__name__)
P = ParamSpec("P")
R = TypeVar("R")
STEP = 500

invalidate_tags = bump


class _Values(Region[Any]):
    """A region whose bodies are typed values instead of JSON."""

    def encode(self, value: Any) -> bytes:
        return typed.encode(value)

    def decode(self, body: bytes) -> Any:
        return typed.decode(body)


@functools.cache
def _region(ttl: int | str) -> _Values:
    return _Values("values", ttl=ttl, type=Any)


def get(key: str, default: Any = None) -> Any:
    """Return the value under a key; the default if there is none that is fresh."""
    return get_many([key]).get(key, default)


def get_many(keys: Iterable[str]) -> dict[str, Any]:
    """Return the fresh values among these keys, by key; a load around it depends on their tags."""
    found, outer = {}, current_loading()
    try:
        with protocol.asking():
            hits = protocol.look_many(list(keys))
    except RedisError as error:
        log.warning("the cache does not answer", why=repr(error))
        return {}
    for key, (header, body) in hits.items():
        if outer is not None:
            outer.take({Tag(name): token for name, token in header.pairs})
        try:
            found[key] = typed.decode(body)
        except typed.Unreadable as error:
            log.warning("a cached value cannot be read", key=key, why=repr(error))
    return found


def set_value(
    key: str, value: Any, *, ttl: int | str = "DEFAULT", tags: Iterable[Tag] = ()
) -> None:
    """Keep a value for `ttl` (seconds, or a name of the TTL table) or until a tag moves.

    Raise TypeError for a type that cannot travel; what is over CACHE_LARGEST_BYTES is not kept.
    """
    names, body, life = tuple(dict.fromkeys(tags)), typed.encode(value), life_of(ttl)
    if len(body) > settings.CACHE_LARGEST_BYTES:
        _region(ttl).complain(key, why=f"{len(body)} bytes are over CACHE_LARGEST_BYTES")
        return
    try:
        with protocol.asking():
            _keep(key, names, body, life)
    except RedisError as error:
        log.warning("a value was not cached", key=key, why=repr(error))


def _keep(key: str, names: tuple[Tag, ...], body: bytes, life: int) -> None:
    prepared = protocol.prepare(key, names, (), fixed=None)
    if prepared.state == "pending":
        return
    pairs = tuple(zip(names, prepared.tag_tokens, strict=True))
    header = entries.Header(prepared.epoch, life, 0, "", False, pairs)
    redis.client("cache").set(redis.key("e", key), entries.pack(header, body), px=life)


def get_or_set(
    key: str, factory: Callable[[], R], *, ttl: int | str = "DEFAULT", tags: Iterable[Tag] = ()
) -> R:
    """Return the value under a key, from the factory if there is none that is fresh.

    A value of a type that cannot travel is returned all the same, and not kept; one that is kept
    and cannot be read, as after a deployment, is as good as none.
    """
    region, made = _region(ttl), []

    def load() -> R:
        made.append(factory())
        return made[-1]

    try:
        value: R = region.get_or_load(key, tags=tags, load=load).value
    except typed.Untransferable as error:
        region.complain(key, why=str(error))
        return made[-1]
    except typed.Unreadable as error:
        log.warning("a cached value cannot be read", key=key, why=repr(error))
        delete(key)
        return factory()
    return value


def cached(
    *, ttl: int | str = "DEFAULT", tags: Callable[..., Iterable[Tag]] = lambda **_: ()
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Cache a function of keyword arguments by its name and these; `tags` is given them too."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            key = build_key("call", f"{function.__module__}.{function.__qualname__}", **kwargs)
            load = functools.partial(function, *args, **kwargs)
            return get_or_set(key, load, ttl=ttl, tags=tags(**kwargs))

        return call

    return decorate


def delete(*keys: str) -> int:
    """Forget these keys and return how many there were."""
    names = [redis.key("e", key) for key in keys]
    try:
        with protocol.asking():
            return int(redis.client("cache").unlink(*names)) if names else 0
    except RedisError as error:
        log.warning("keys were not deleted", keys=len(keys), why=repr(error))
        return 0


def delete_pattern(pattern: str) -> int:
    """Forget what matches a glob, in steps; for operators, never on a request's way."""
    count = 0
    names: list[bytes] = []
    for name in redis.client("cache").scan_iter(redis.key("e", pattern), count=STEP):
        names.append(name)
        if len(names) == STEP:
            count += redis.client("cache").unlink(*names)
            names.clear()
    return count + (redis.client("cache").unlink(*names) if names else 0)
