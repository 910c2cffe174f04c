"""The cache on a Redis Cluster: reads from many servers at once.

`redis.py` chooses it by the URL: `redis+cluster://user:password@host:port,host:port`. A read asks
all servers that it needs in one go and waits for all of them. Before it believes what they say, it
makes sure that the epoch names each of them: a server that came back, or took over, with old data
has another run id, and begins a new epoch.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import redis
from redis.backoff import NoBackoff
from redis.cluster import PRIMARY, ClusterNode, RedisCluster
from redis.exceptions import AskError, MovedError, RedisClusterException
from redis.retry import Retry

SCHEMES = ("redis+cluster", "rediss+cluster")
DEFAULT_PORT = 6379
TRIES = 4
ID_BYTES = 8
EPOCH = (Path(__file__).parent / "cache" / "lua" / "epoch_cluster.lua").read_text()

Command = Sequence[Any]


class Cluster(RedisCluster):
    """redis-py's client, whose every failure is a redis.RedisError."""

    def execute_command(self, *args: Any, **kwargs: Any) -> Any:
        """Do what redis-py does; a cluster that cannot be reached is a ConnectionError."""
        with _as_redis_errors():
            return super().execute_command(*args, **kwargs)  # type: ignore[no-untyped-call]


def connect(url: str, *, connect_seconds: float, seconds: float) -> Cluster:
    """Return a client of the cluster that a `redis+cluster:` URL names some servers of."""
    parts = urlsplit(url)
    credentials, _, hosts = parts.netloc.rpartition("@")
    user, _, password = credentials.partition(":")
    with _as_redis_errors():
        return Cluster(
            startup_nodes=[_node_of(host) for host in hosts.split(",") if host],
            username=unquote(user) or None,
            password=unquote(password) or None,
            ssl=parts.scheme.startswith("rediss"),
            socket_connect_timeout=connect_seconds,
            socket_timeout=seconds,
            retry=Retry(NoBackoff(), 0),
            redis_connect_func=_forget_epoch,
            protocol=2,
        )


def ask(cluster: Cluster, commands: Sequence[Command]) -> list[Any]:
    """Return the replies of commands on single slots, asked of all servers at once, in order.

    Raise redis.RedisError, also for one that is refused. A command may be sent twice.
    """
    with _talk(cluster) as talk:
        return talk.ask(commands)


def read(cluster: Cluster, commands: Sequence[Command], *, epoch: str) -> list[Any]:
    """Return the replies of reads, from servers that the epoch at the key `epoch` names."""
    with _talk(cluster) as talk:
        for _ in range(TRIES):
            current, *replies = talk.ask([("GET", epoch), *commands])
            if talk.is_known_to(current):
                return replies
            talk.introduce(epoch)
    raise redis.ConnectionError("the servers of the cluster change too fast")


class _Talk:
    """One connection to each server that is asked, taken before the first question is sent."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._taken: dict[str, tuple[Any, Any]] = {}

    def ask(self, commands: Sequence[Command]) -> list[Any]:
        """Ask; where slots have moved, learn where to and ask again."""
        for _ in range(TRIES):
            replies = self._ask_once(commands)
            if not any(isinstance(reply, MovedError) for reply in replies):
                break
            self._cluster.nodes_manager.initialize()
        for at, reply in enumerate(replies):
            if isinstance(reply, AskError):
                replies[at] = self._ask_there(reply.host, reply.port, commands[at])
            if isinstance(replies[at], Exception):
                raise replies[at]
        return replies

    def is_known_to(self, epoch: bytes | None) -> bool:
        """Tell whether every server asked was introduced to this epoch by this connection."""
        return epoch is not None and all(
            connection.epoch == epoch for _, connection in self._taken.values()
        )

    def introduce(self, name: str) -> None:
        """Tell the epoch which servers we talk to; it begins anew if it does not name one."""
        ours = {node: _run_id(connection) for node, (_, connection) in self._taken.items()}
        every = set(ours.values())
        for node in self._cluster.get_primaries():  # type: ignore[no-untyped-call]
            if node.name not in ours:
                with suppress(redis.RedisError):  # one that is gone cannot be asked, nor named
                    every.add(_run_id(self._connection(node)))
        named = b"".join(sorted(every))
        fresh = secrets.token_bytes(ID_BYTES)
        (epoch,) = self.ask([("EVAL", EPOCH, 1, name, fresh, named, *sorted(set(ours.values())))])
        for node in ours:
            self._taken[node][1].epoch = epoch

    def close(self, *, broken: bool) -> None:
        """Give the connections back; a broken talk leaves replies in them that nobody reads."""
        for pool, connection in self._taken.values():
            if broken:
                connection.disconnect()
            pool.release(connection)

    def _ask_once(self, commands: Sequence[Command]) -> list[Any]:
        by_node: dict[str, list[int]] = {}
        for at, command in enumerate(commands):
            node = self._owner(command)
            self._connection(node)
            by_node.setdefault(node.name, []).append(at)
        for name, places in by_node.items():
            connection = self._taken[name][1]
            connection.send_packed_command(connection.pack_commands(commands[at] for at in places))
        replies: list[Any] = [None] * len(commands)
        for name, places in by_node.items():
            for at in places:
                replies[at] = _reply(self._taken[name][1])
        return replies

    def _ask_there(self, host: str, port: int, command: Command) -> Any:
        """Ask the server that the command's slot is on its way to.

        It is one of those that we talk with, and so has to be known to the epoch as they have.
        """
        node = self._cluster.nodes_manager.get_node(host, port)
        connection = self._connection(node or ClusterNode(host, port, PRIMARY))  # type: ignore[no-untyped-call]
        connection.send_packed_command(connection.pack_commands([("ASKING",), command]))
        return [_reply(connection) for _ in range(2)][1]

    def _owner(self, command: Command) -> ClusterNode:
        key = command[3] if command[0] == "EVAL" else command[1]
        slot = self._cluster.keyslot(key)  # type: ignore[no-untyped-call]
        return self._cluster.nodes_manager.get_node_from_slot(slot)

    def _connection(self, node: ClusterNode) -> Any:
        if node.name not in self._taken:
            pool = self._cluster.get_redis_connection(node).connection_pool
            self._taken[node.name] = (pool, pool.get_connection())
        return self._taken[node.name][1]


@contextmanager
def _talk(cluster: Cluster) -> Iterator[_Talk]:
    """Talk with the servers; after a failure the next talk goes by what is then true of them."""
    talk = _Talk(cluster)
    is_broken = True
    try:
        with _as_redis_errors():
            yield talk
        is_broken = False
    except redis.RedisError:
        with suppress(redis.RedisError, RedisClusterException):
            cluster.nodes_manager.initialize()
        raise
    finally:
        talk.close(broken=is_broken)


@contextmanager
def _as_redis_errors() -> Iterator[None]:
    """redis-py's RedisClusterException is no RedisError."""
    try:
        yield
    except RedisClusterException as error:
        raise redis.ConnectionError(str(error)) from error


def _reply(connection: Any) -> Any:
    try:
        return connection.read_response()
    except redis.ResponseError as error:
        return error


def _run_id(connection: Any) -> bytes:
    connection.send_command("INFO", "server")
    lines = connection.read_response().decode().splitlines()
    run_id = next(line[7:] for line in lines if line.startswith("run_id:"))
    return bytes.fromhex(run_id.strip())[:ID_BYTES]


def _forget_epoch(connection: Any) -> None:
    """Whoever connects anew may reach another server, or the same one with other data."""
    connection.epoch = None


def _node_of(text: str) -> ClusterNode:
    parts = urlsplit(f"//{text}")
    return ClusterNode(parts.hostname, parts.port or DEFAULT_PORT)  # type: ignore[no-untyped-call]
