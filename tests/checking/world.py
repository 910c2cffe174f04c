"""A small world that the checker drives step by step: rows, cached pages of them, writers.

The rows are a dict, Redis is real, and a writer takes the very steps of a unit of work: the cache's
own receivers run, with the world in the place of MongoDB and of the outbox in it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import pytest
import redis as redis_library

from storychain import redis
from storychain.breaker import Breaker
from storychain.cache import invalidation, protocol
from storychain.cache.region import Region, depends_on
from storychain.cache.tags import Tag, tag
from storychain.documents import UnitOfWork
from storychain.errors import NotFound
from storychain.outbox import OutboxRow
from tests.checking.oracle import Floor, Oracle

ROWS = ("story", "author", "lamp")
PAGES = ("page", "nested", "around", "flag")
TAGS = {"story": tag("story", "s"), "author": tag("user", "u"), "lamp": tag("lamp", "l")}
STEP_SECONDS = 0.05


class World:
    """Rows that only grow; `lamp` is there while its value is odd."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.rows: dict[str, int] = dict.fromkeys(ROWS, 1)
        self.outbox: dict[str, OutboxRow] = {}
        self.writers: list[Writer] = []
        self.oracle = Oracle()
        self.is_down = False
        self._dump: dict[bytes, tuple[Any, int]] = {}
        self.new_process()
        self._stand_in(patch)

    def new_process(self) -> None:
        """Forget what a process remembers."""
        self.page: Region[Any] = Region("page", ttl=60, type=Any, finds=("user",))
        self.nested: Region[Any] = Region("nested", ttl=60, type=Any)
        self.around: Region[Any] = Region("around", ttl=60, type=Any, finds=("user",))
        self.flag: Region[Any] = Region("flag", ttl=60, type=Any)
        protocol.DEBT._owed.clear()

    def read(self, name: str, *, during: Callable[[], object] = lambda: None) -> dict[str, int]:
        """Read a page and hold it against the oracle; `during` runs inside a load."""
        floors = self.oracle.floors()
        shown: dict[str, int] = getattr(self, f"_read_{name}")(during)
        self.oracle.check(shown, floors=floors, reader=name)
        return shown

    def evict(self, *patterns: str) -> None:
        """Lose the keys that match; with a tag's value its intents are gone."""
        for key in self._keys(*patterns):
            redis.client("cache").delete(key)
        self.find_losses()

    def find_losses(self) -> None:
        """Tell the oracle of writers at work of whom Redis does not know."""
        for writer in self.writers:
            for row in writer.names if writer.is_open else ():
                value = redis.client("cache").get(redis.key("v", TAGS[row])) or b""
                if not writer.name or writer.name not in value:
                    self.oracle.lose_intents(row)

    def remember(self) -> None:
        """Keep a dump of what the server holds."""
        client = redis.client("cache")
        self._dump = {key: (client.dump(key), client.pttl(key)) for key in self._keys("*")}

    def fail_over(self) -> None:
        """Let a server take over that holds the last dump, and has another run id."""
        client = redis.client("cache")
        # In one step, as a server is there or not: threads of ours may be asking meanwhile.
        with client.pipeline(transaction=True) as pipe:
            for key in {*self._keys("*"), *self._dump}:
                pipe.delete(key)
            for key, (dump, life) in self._dump.items():
                pipe.restore(key, max(0, life), dump, replace=True)
            pipe.execute()
        if epoch := client.get(redis.key("epoch")):
            client.set(redis.key("epoch"), epoch[:8] + b"of the server that is gone")
        redis.disconnect()
        self.find_losses()

    def _keys(self, *patterns: str) -> list[bytes]:
        client = redis.client("cache")
        return [key for name in patterns for key in client.scan_iter(redis.key(name), count=1_000)]

    def flush(self, kind: str = "bump") -> bool:
        """Deliver every row of the outbox, as the relay does, and tell whether that went well."""
        rows = list(self.outbox.values())
        try:
            invalidation._deliver(rows)
        except redis_library.RedisError:
            return False
        for writer in self.writers:
            if writer.is_committed and writer.row in rows:
                writer.settle()
        return True

    def _are_pending(self, row: str) -> bool:
        return any(row in w.names and w.is_open for w in self.writers)

    def _read_page(self, during: Callable[[], object]) -> dict[str, int]:
        def load() -> dict[str, int]:
            shown = {name: self.rows[name] for name in ("story", "author")}
            depends_on(TAGS["author"])
            during()
            return shown

        found: dict[str, int] = self.page.get_or_load("page", tags=[TAGS["story"]], load=load).value
        return found

    def _read_nested(self, during: Callable[[], object]) -> dict[str, int]:
        def load() -> dict[str, int]:
            shown = self._read_page(lambda: None)
            during()
            return shown

        found: dict[str, int] = self.nested.get_or_load("nested", tags=[], load=load).value
        return found

    def _read_around(self, during: Callable[[], object]) -> dict[str, int]:
        """Show the author, and then what a page inside shows, which depends on him as well."""

        def load() -> dict[str, int]:
            shown = {"author": self.rows["author"]}
            depends_on(TAGS["author"])
            during()
            return self._read_page(lambda: None) | shown

        return dict(self.around.get_or_load("around", tags=[], load=load).value)

    def _read_flag(self, during: Callable[[], object]) -> dict[str, int]:
        """An absent lamp says in its detail since when."""

        def load() -> int:
            value = self.rows["lamp"]
            during()
            if value % 2 == 0:
                raise NotFound(str(value))
            return value

        try:
            return {"lamp": self.flag.get_or_load("flag", tags=[TAGS["lamp"]], load=load).value}
        except NotFound as absent:
            return {"lamp": int(absent.detail)}

    def _stand_in(self, patch: pytest.MonkeyPatch) -> None:
        script, forget = redis.script, redis.script.cache_clear

        def checked(call: Callable[..., Any]) -> Callable[..., Any]:
            def run(*args: Any, **kwargs: Any) -> Any:
                if self.is_down:
                    raise redis_library.ConnectionError("down")
                return call(*args, **kwargs)

            return run

        for name in ("mget", "mget_with_life"):
            patch.setattr(redis, name, checked(getattr(redis, name)))
        patch.setattr(redis, "script", lambda role, path: checked(script(role, path)))
        patch.setattr(redis.script, "cache_clear", forget, raising=False)
        patch.setattr(redis, "reach", checked(redis.reach))
        patch.setattr(Breaker, "_start_closing", lambda _: None)
        patch.setattr(Breaker, "allows", _try_at_once)
        patch.setattr(Breaker, "is_in_the_way", lambda _: False)
        patch.setattr(protocol.outbox, "flush", self.flush)
        patch.setattr(invalidation.outbox, "complete", self._complete)

    def _complete(self, ids: Iterable[str], **_: Any) -> None:
        for row_id in ids:
            self.outbox.pop(row_id, None)


def _try_at_once(breaker: Breaker) -> bool:
    """Do what the breaker's thread does, when somebody asks."""
    return not breaker.is_open or breaker.try_to_close()


class Writer:
    """One unit of work, a step at a time: begin, commit or abort, end; or it dies in between."""

    def __init__(self, world: World, *names: str) -> None:
        self.world, self.names = world, names
        self.unit, self.row = UnitOfWork(), OutboxRow(row_id=str(id(self)), kind="bump")
        self.is_open, self.is_committed = True, False
        self.values: dict[str, int] = {}
        invalidation._bumps(self.unit).tags.update(TAGS[name] for name in names)
        world.writers.append(self)

    def begin(self, patch: pytest.MonkeyPatch) -> Writer:
        """BEGIN; the row for the outbox is kept until the commit."""

        def add(*, kind: str, payload: dict[str, Any]) -> str:
            self.row.payload = payload
            return str(self.row.row_id)

        with patch.context() as here:
            here.setattr(invalidation.outbox, "add", add)
            invalidation._begin(self.unit)
        self.world.find_losses()
        return self

    @property
    def name(self) -> bytes | None:
        """Under what name the intents stand; None where BEGIN did not reach Redis."""
        return invalidation._bumps(self.unit).writer

    def lapse(self) -> None:
        """Having died, let the time of the intents run out; what was committed is believed then."""
        client = redis.client("cache")
        for name in map(TAGS.__getitem__, self.names):
            key = redis.key("v", name)
            value = client.get(key) or b""
            at = value.find(self.name or b"-")
            if at > 0:
                client.set(
                    key, value[: at + 8] + b"\0" * 7 + b"\1" + value[at + 16 :], keepttl=True
                )
        if not any(self.world.oracle.has_lost(row) for row in self.names):
            self.settle()

    def commit(self) -> Writer:
        """Change the rows, and with them the outbox."""
        for name in self.names:
            self.world.rows[name] += 1
            self.values[name] = self.world.rows[name]
        self.world.outbox[self.row.row_id] = self.row
        self.is_committed = True
        return self

    def end(self) -> None:
        """END, whether it reaches Redis or not; then tell the caller that it is kept."""
        with suppress(redis_library.RedisError):
            invalidation._deliver([self.row])
        self.settle()

    def abort(self) -> None:
        """Take everything back."""
        invalidation._end(self.unit, "aborted")
        self._close()

    def settle(self) -> None:
        """Be acknowledged."""
        for name, value in self.values.items():
            self.world.oracle.acknowledge(name, value)
        self._close()

    def _close(self) -> None:
        self.is_open = False
        for name in self.names:
            if not self.world._are_pending(name):
                self.world.oracle.find_intents(name)


class StoppedRead:
    """A read in a thread of its own that stops inside its load until it is let go."""

    def __init__(self, world: World, name: str) -> None:
        self._inside, self._go_on, self._done = (threading.Event() for _ in range(3))
        self.errors: list[BaseException] = []
        self._thread = threading.Thread(target=self._run, args=(world, name), daemon=True)
        self._thread.start()
        end = time.monotonic() + STEP_SECONDS  # else it waits for somebody else's load
        while time.monotonic() < end and not (self._inside.is_set() or self._done.is_set()):
            time.sleep(0.001)

    def _run(self, world: World, name: str) -> None:
        try:
            world.read(name, during=self._stop)
        except BaseException as error:  # noqa: BLE001 - the test's own thread raises it
            self.errors.append(error)
        finally:
            self._done.set()

    def _stop(self) -> None:
        self._inside.set()
        self._go_on.wait(10)

    def resume(self) -> None:
        """Let it end."""
        self._go_on.set()
        self._thread.join(10)
        assert not self._thread.is_alive()
        assert not self.errors, self.errors


__all__ = ["PAGES", "ROWS", "TAGS", "Floor", "StoppedRead", "Tag", "World", "Writer"]
