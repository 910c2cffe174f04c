"""Connections to a Redis for one command at a time: the shortest way there and back.

redis-py's client spends more time on a command than the server and the wire together. It still
makes each connection, with all that its URL asks for, and names the errors.
"""

from collections import deque
from contextlib import suppress
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
        self.send(packed)
        return self.receive(count)

    def send(self, packed: bytes) -> None:
        """Send commands, whose replies are then to be received; raise as `ask` does."""
        try:
            self._connection._sock.sendall(packed)  # noqa: SLF001 - there is no other door
        except BaseException as error:
            self._hang_up(error)
            raise

    def receive(self, count: int) -> list[Any]:
        """Return so many replies to what was sent; raise as `ask` does."""
        try:
            return self._read(count)
        except BaseException as error:
            self._hang_up(error)
            raise

    def _read(self, count: int) -> list[Any]:
        sock, reader = self._connection._sock, self._reader  # noqa: SLF001
        replies: list[Any] = []
        while len(replies) < count:
            if (reply := reader.gets()) is False:
                reader.feed(sock.recv(65536) or _closed())
            else:
                replies.append(_checked(reply))
        return replies

    def _hang_up(self, error: BaseException) -> None:
        """Hang up after an error, and raise redis-py's in the place of the system's."""
        self.close()
        if isinstance(error, TimeoutError):
            raise redis.TimeoutError(str(error)) from error
        if isinstance(error, OSError):
            raise redis.ConnectionError(str(error)) from error

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
        return self.begin(packed, count).replies()

    def begin(self, packed: bytes, count: int) -> "Question":
        """Send so many commands and wait for nothing; raise redis.RedisError."""
        return Question(self, packed, count)

    def take(self, packed: bytes) -> tuple[Wire, bool]:
        """Send commands on an idle wire or a new one; tell whether it is new."""
        with suppress(IndexError, redis.ConnectionError):
            wire = self._idle.pop()
            wire.send(packed)
            return wire, False
        return self.connect(packed), True

    def connect(self, packed: bytes) -> Wire:
        """Send commands on a new wire."""
        wire = Wire(self._pool)
        wire.send(packed)
        return wire

    def give_back(self, wire: Wire) -> None:
        """Take a wire for idle, all of whose replies have been received."""
        self._idle.append(wire)

    def close(self) -> None:
        """Hang up everywhere; the next to ask connects anew."""
        while self._idle:
            self._idle.pop().close()


class Question:
    """Commands that are on their way; `replies` is called once, by whoever wants them."""

    def __init__(self, wires: Wires, packed: bytes, count: int) -> None:
        """Send them."""
        self._wires, self._packed, self._count = wires, packed, count
        self._wire, self._is_new = wires.take(packed)

    def replies(self) -> list[Any]:
        """Wait for the replies; raise redis.RedisError."""
        try:
            replies = self._wire.receive(self._count)
        except redis.ConnectionError:
            if self._is_new:
                raise
            self._wire = self._wires.connect(self._packed)
            replies = self._wire.receive(self._count)
        self._wires.give_back(self._wire)
        return replies


def _checked(reply: Any) -> Any:
    if isinstance(reply, redis.RedisError):
        raise reply
    return reply


def _closed() -> bytes:
    raise ConnectionResetError("the server closed the connection")
