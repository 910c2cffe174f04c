"""The only door to Redis: one client a role, and every key under one prefix.

Two roles on two servers: `cache` may evict whatever it likes, `queue` must never. Clients are made
when first needed, and again after a fork, so that no two processes share a socket.
"""

import os
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Literal

import hiredis
import redis
from django.conf import settings
from django_redis import get_redis_connection
from redis.backoff import NoBackoff
from redis.commands.core import Script
from redis.retry import Retry

from storychain import cluster
from storychain.breaker import Breaker
from storychain.patience import CacheRetry, is_patient
from storychain.wires import Wire, Wires

Role = Literal["cache", "queue"]
TOGETHER = ("e", "l")
OPENS_AT: dict[Role, int] = {"cache": 1, "queue": 2}
HASTE_SECONDS = 0.005

_before_closing: dict[Role, list[Callable[[], object]]] = {"cache": [], "queue": []}


def key(*parts: str) -> str:
    """Return a key of ours: the prefix and the parts, joined by colons.

    On a cluster an entry and its lease, "e" and "l", stand together by their hash tag.
    """
    if parts[0] in TOGETHER and is_cluster():
        return f"{settings.KEY_PREFIX}:{parts[0]}:{{:{':'.join(parts[1:])}}}"
    return ":".join((settings.KEY_PREFIX, *parts))


@cache
def is_cluster() -> bool:
    """Tell whether the cache is on a Redis Cluster."""
    url: str = settings.CACHES["default"]["LOCATION"]
    return url.partition(":")[0] in cluster.SCHEMES


@cache
def client(role: Role) -> Any:
    """Return this process's redis.Redis of a role; it gives bytes and is safe in threads.

    Untyped, as redis-py's types leave open whether a reply is bytes, text or a promise.

    The cache's is django-redis' own (CACHES["default"]), so that both share one pool.
    """
    if role == "cache":
        return get_redis_connection("default")
    return redis.Redis.from_url(
        settings.REDIS_QUEUE_URL,
        socket_connect_timeout=settings.QUEUE_TIMEOUT_SECONDS,
        socket_timeout=settings.QUEUE_TIMEOUT_SECONDS,
        # For a connection that was closed while idle; who waited in vain does not wait again.
        retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
        health_check_interval=30,
    )


@cache
def script(role: Role, path: Path) -> Script:
    """Return a Lua script of a role's server; called by its SHA, loaded where it is missing."""
    return Script(client(role), path.read_text())


def run(path: Path, keys: Sequence[str], args: Sequence[Any]) -> Any:
    """Run a Lua script on the cache; on a cluster its keys stand together.

    While the breaker is open, a request's bump is still tried, in haste: the server may be back,
    and other processes may know already.
    """
    if is_cluster():
        return send([("EVAL", path.read_text(), len(keys), *keys, *args)])[0]
    if breaker("cache").is_in_the_way() and not is_patient():
        return run_in_haste(path, keys, args)
    return script("cache", path)(keys=keys, args=args)


def run_in_haste(path: Path, keys: Sequence[str], args: Sequence[Any]) -> Any:
    """Run a Lua script on one server, which has HASTE_SECONDS for each answer."""
    haste = {"socket_connect_timeout": HASTE_SECONDS, "socket_timeout": HASTE_SECONDS}
    wire = Wire(client("cache").connection_pool, **haste)
    try:
        return wire.ask(hiredis.pack_command(("EVAL", path.read_text(), len(keys), *keys, *args)))
    finally:
        wire.close()


def send(commands: Sequence[Sequence[Any]]) -> list[Any]:
    """Return the replies of many commands to the cache, sent at once; raise redis.RedisError."""
    if is_cluster():
        return _ask_cluster(commands)
    with client("cache").pipeline(transaction=False) as pipe:
        for command in commands:
            pipe.execute_command(*command)
        replies: list[Any] = pipe.execute()
    return replies


def _ask_cluster(commands: Sequence[Sequence[Any]]) -> list[Any]:
    """Ask as often as this process's patience allows."""
    replies: list[Any] = CacheRetry().call_with_retry(
        lambda: cluster.ask(client("cache"), commands), lambda _: None
    )
    return replies


@cache
def breaker(role: Role) -> Breaker:
    """Return this process's breaker of a role.

    The cache's opens at once: a request reads several pages, and is to wait for one of them only.
    """
    return Breaker(role, reach=lambda: reach(role), opens_at=OPENS_AT[role])


def reach(role: Role) -> None:
    """Make sure that a role's server answers and takes writes; raise redis.RedisError if not.

    Then do what must be done before it is believed again. What is connected may be connected to
    a server that is none any more, so that is dropped first.
    """
    _hang_up(role)
    if role == "cache" and is_cluster():
        client(role).ping(target_nodes=redis.RedisCluster.PRIMARIES)
    else:
        client(role).connection_pool.disconnect(inuse_connections=False)
        client(role).unlink(key("nothing"))
    for settle in _before_closing[role]:
        settle()


def before_closing(role: Role, settle: Callable[[], object]) -> None:
    """Register what is done before a role's breaker closes; it stays open if that raises."""
    _before_closing[role].append(settle)


def note_failure(role: Role, error: redis.RedisError) -> None:
    """Open the breaker, unless the server is only full: then it still answers."""
    if not isinstance(error, redis.OutOfMemoryError):
        breaker(role).fail()


class _Announced(redis.connection.AbstractConnection):
    """A connection that says which server it reached before it is used.

    A server that the epoch does not name, as after a restart from an old dump or a failover, begins
    a new epoch: nothing stored before is believed (`cache/lua/epoch.lua`).
    """

    _EPOCH = (Path(__file__).parent / "cache" / "lua" / "epoch.lua").read_text()

    def on_connect_check_health(self, check_health: bool = True) -> None:  # noqa: FBT001, FBT002 - redis-py's
        """Do what redis-py does, then compare the server's run id with the epoch's."""
        super().on_connect_check_health(check_health=check_health)
        self.send_command("INFO", "server")  # type: ignore[no-untyped-call]
        info = self.read_response()
        text = info.decode() if isinstance(info, bytes) else str(info)
        run_id = next(line[7:].strip() for line in text.splitlines() if line.startswith("run_id:"))
        self.send_command("EVAL", self._EPOCH, 1, key("epoch"), run_id, secrets.token_bytes(8))  # type: ignore[no-untyped-call]
        self.read_response()


@cache
def wires(role: Role) -> Wires:
    """Return this process's wires to a role's server, where a command's time counts."""
    return Wires(client(role).connection_pool)


def mget(names: Sequence[str]) -> list[bytes | None]:
    """Return the cache's values of these keys, by the shortest way; raise redis.RedisError."""
    if is_cluster():
        return _read_cluster([("GET", name) for name in names])
    packed = hiredis.pack_command(("MGET", *names))  # type: ignore[arg-type]
    values: list[bytes | None] = wires("cache").ask(packed)
    return values


def mget_with_life(names: Sequence[str]) -> tuple[list[bytes | None], int]:
    """Return the values, and how many ms the first key has left by its server's clock.

    Below zero where it is not there.
    """
    if is_cluster():
        left, *values = _read_cluster([("PTTL", names[0]), *(("GET", name) for name in names)])
        return values, left
    packed = hiredis.pack_command(("MGET", *names))  # type: ignore[arg-type]
    packed += hiredis.pack_command(("PTTL", names[0]))  # type: ignore[arg-type]
    values, left = wires("cache").ask_all(packed, 2)
    return values, left


def begin(commands: Sequence[Sequence[Any]]) -> Callable[[], list[Any]]:
    """Send commands to the cache and return what waits for their replies; both raise RedisError.

    A cluster is asked at once: its replies come from several servers.
    """
    if is_cluster():
        replies = send(commands)
        return lambda: replies
    packed = b"".join(hiredis.pack_command(tuple(command)) for command in commands)
    return wires("cache").begin(packed, len(commands)).replies


def _read_cluster(commands: Sequence[Sequence[Any]]) -> list[Any]:
    return cluster.read(client("cache"), commands, epoch=key("epoch"))


def cache_backend(url: str, *, seconds: float) -> dict[str, Any]:
    """Return Django's cache backend for a URL: django-redis, or ours for a cluster.

    `seconds` is how long connecting and a command may take.
    """
    options: dict[str, Any] = {"SOCKET_CONNECT_TIMEOUT": seconds, "SOCKET_TIMEOUT": seconds}
    if url.partition(":")[0] in cluster.SCHEMES:
        return {
            "BACKEND": "storychain.cluster_cache.ClusterCache",
            "LOCATION": url,
            "OPTIONS": options,
        }
    options |= {
        "SERIALIZER": "django_redis.serializers.json.JSONSerializer",  # never pickle
        "CONNECTION_POOL_KWARGS": {
            "connection_class": connection_class(url),
            "retry": CacheRetry(),
        },
    }
    return {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": url, "OPTIONS": options}


def connection_class(url: str) -> type[redis.connection.AbstractConnection]:
    """Return the class of the cache's connections for this kind of URL."""
    kinds = {"rediss": redis.SSLConnection, "unix": redis.UnixDomainSocketConnection}
    kind = kinds.get(url.partition(":")[0], redis.Connection)
    return type("CacheConnection", (_Announced, kind), {})


def disconnect() -> None:
    """Close what this process holds; the next use connects anew."""
    if client.cache_info().currsize:
        with suppress(redis.RedisError):  # a cluster that is away cannot even be made a client of
            getattr(client("cache"), "connection_pool", client("cache")).close()
        client("queue").connection_pool.disconnect()
        for role in OPENS_AT:
            _hang_up(role)
    _forget()


def _hang_up(role: Role) -> None:
    """Close the wires; a cluster's client has connections of its own."""
    if not (role == "cache" and is_cluster()):
        wires(role).close()


def _forget() -> None:
    client.cache_clear()
    wires.cache_clear()
    is_cluster.cache_clear()
    script.cache_clear()
    breaker.cache_clear()


os.register_at_fork(after_in_child=_forget)
