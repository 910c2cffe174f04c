"""The ledger's Lua, as functions: arguments and replies are MessagePack, typed with msgspec."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from hashlib import sha1
from pathlib import Path
from typing import Any, Generic, TypeVar

import hiredis
import msgspec
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, OutOfMemoryError, ReadOnlyError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeout

from storychain import redis
from storychain.errors import Unavailable

LUA = Path(__file__).parent / "lua"
INCLUDE = re.compile(r"^-- include (\w+)\.lua$", re.MULTILINE)
Reply = TypeVar("Reply")

TAKES_NOTHING = (OutOfMemoryError, ReadOnlyError)
CANNOT_WRITE = "MISCONF"  # how Redis begins when its disk is full


class LedgerAway(Unavailable):
    """The queue Redis does not answer; what was asked may or may not have happened."""

    code, title = "ledger-away", "The job queues do not answer"


@contextmanager
def asking_ledger() -> Iterator[Any]:
    """Yield the client of the ledger's server; raise LedgerAway where that does not answer.

    After two failures in a row nobody waits for it any more, until the breaker has found it well.
    """
    breaker = redis.breaker("queue")
    if not breaker.allows():
        raise LedgerAway("The ledger did not answer a moment ago.")
    try:
        yield redis.client("queue")
    except (RedisConnectionError, RedisTimeout) as error:
        breaker.fail()
        raise LedgerAway(f"The ledger does not answer: {error}") from error
    except ResponseError as error:
        if not isinstance(error, TAKES_NOTHING) and not str(error).startswith(CANNOT_WRITE):
            raise
        raise LedgerAway(f"The ledger takes nothing: {error}") from error
    breaker.succeed()


class Script(Generic[Reply]):
    """One script of `lua/`; it runs as one step of the server."""

    def __init__(self, name: str, reply: type[Reply]) -> None:
        """Name the file and say what it returns."""
        self._name = name
        self._decoder = msgspec.msgpack.Decoder(reply)

    def __call__(self, call: object) -> Reply:
        """Run it; raise LedgerAway if the server does not answer, or has no room."""
        with asking_ledger():
            packed = _run(self._name, redis.key("q:"), msgspec.msgpack.encode(call))
        return self._decoder.decode(packed)


def _run(name: str, prefix: str, call: bytes) -> bytes:
    """Run a script by its SHA, or by its text where the server does not know it yet."""
    text, sha = _load(name)
    try:
        return _ask("EVALSHA", sha, 1, prefix, call)
    except NoScriptError:
        return _ask("EVAL", text, 1, prefix, call)


def _ask(*words: str | int | bytes) -> bytes:
    reply: bytes = redis.wires("queue").ask(hiredis.pack_command(words))  # type: ignore[arg-type]
    return reply


@cache
def _load(name: str) -> tuple[str, str]:
    text = _read(name)
    return text, sha1(text.encode(), usedforsecurity=False).hexdigest()


def _read(name: str) -> str:
    text = (LUA / f"{name}.lua").read_text()
    return INCLUDE.sub(lambda found: _read(found[1]), text)
