"""Connections to a Redis for one command at a time: the shortest way there and back.

redis-py's client spends more time on a command than the server and the wire together. It still
makes each connection, with all that its URL asks for, and names the errors.
"""

from collections import deque
from typing import Any

import hiredis
import redis
from redis.connection import DefaultParser


class Wire:
    """A socket, and hiredis to read from it; hangs up where a command has no good reply."""

    def __init__(self, pool: Any, **differences: float) -> None:
        """Connect as the pool's connections do, but for these options of theirs."""
        self._connection = pool.connection_class(**{**pool.connection_kwargs, **differences})
        self._connection.connect()
        self._reader = hiredis.Reader(replyError=DefaultParser.parse_error)

    def ask(self, packed: bytes) -> Any:
        """Send a command and return its reply; raise redis.RedisError and hang up without one."""
        return self.ask_all(packed, 1)[0]

    def ask_all(self, packed: bytes, count: int) -> list[Any]:
        """Send so many commands at once and return their replies; raise as for one."""
        try:
            return self._exchange(packed, count)
        except BaseException:
            self.close()
            raise

    def _exchange(self, packed: bytes, count: int) -> list[Any]:
        sock, reader = self._connection._sock, self._reader  # noqa: SLF001 - there is no other door
        replies: list[Any] = []
        try:
            sock.sendall(packed)
            while len(replies) < count:
                if (reply := reader.gets()) is False:
                    reader.feed(sock.recv(65536) or _hung_up())
                else:
                    replies.append(_checked(reply))
        except TimeoutError as error:
            raise redis.TimeoutError(str(error)) from error
        except OSError as error:
            raise redis.ConnectionError(str(error)) from error
        return replies

    def close(self) -> None:
        """Hang up."""
        self._connection.disconnect()


class Wires:
    """The wires to one server that nobody uses just now; safe in threads, not over a fork."""

    def __init__(self, pool: Any) -> None:
        """Connect when first asked, as the pool's connections do."""
        self._pool = pool
        self._idle: deque[Wire] = deque()

    def ask(self, packed: bytes) -> Any:
        """Send a command and return its reply; raise redis.RedisError."""
        return self.ask_all(packed, 1)[0]

    def ask_all(self, packed: bytes, count: int) -> list[Any]:
        """Send so many commands at once and return their replies; raise redis.RedisError.

        An idle wire may have been cut since it was last used: then a new one is asked, once.
        """
        try:
            wire = self._idle.pop()
            replies = wire.ask_all(packed, count)
        except (IndexError, redis.ConnectionError):
            wire = Wire(self._pool)
            replies = wire.ask_all(packed, count)
        self._idle.append(wire)
        return replies

    def close(self) -> None:
        """Hang up everywhere; the next to ask connects anew."""
        while self._idle:
            self._idle.pop().close()


def _checked(reply: Any) -> Any:
    if isinstance(reply, redis.RedisError):
        raise reply
    return reply


def _hung_up() -> bytes:
    raise ConnectionResetError("the server closed the connection")
