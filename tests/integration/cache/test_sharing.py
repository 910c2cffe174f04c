"""What readers and writers of one process share: a load under way, bumps that are owed."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from storychain import outbox, redis
from storychain.cache import protocol, tags
from storychain.cache.region import Region
from storychain.cache.tags import Tag, new_token, tag
from storychain.documents import unit_of_work
from tests.waiting import wait_until

INNER = tag("inner", "i")
NOW = datetime(2030, 1, 1, tzinfo=UTC)


def write(change: Callable[[], object], name: Tag) -> None:
    """Write as a unit of work does."""
    writer = new_token()
    tags.begin([name], writer=writer)
    change()
    tags.end([name], writer=writer)


def test_a_passenger_is_not_given_a_nested_page_from_before_his_read(
    settings: Any,
) -> None:
    settings.CACHE_WAIT_SECONDS = settings.CACHE_LEASE_SECONDS = 5
    rows = {"i": 1}
    inner: Region[Any] = Region("inner", ttl=60, type=Any)
    outer: Region[Any] = Region("outer", ttl=60, type=Any)
    inside, go_on = threading.Event(), threading.Event()

    def load_outer() -> int:
        value: int = inner.get_or_load("i", tags=[INNER], load=lambda: rows["i"]).value
        inside.set()
        go_on.wait(5)
        return value

    def read() -> int:
        found: int = outer.get_or_load("o", tags=[], load=load_outer).value
        return found

    with ThreadPoolExecutor(2) as pool:
        early = pool.submit(read)
        assert inside.wait(5)
        write(lambda: rows.update(i=2), INNER)  # acknowledged before the second read begins
        late = pool.submit(read)
        # The second one has boarded, or reads for itself, by the time that the first goes on.
        late_is_waiting = threading.Timer(0.2, go_on.set)
        late_is_waiting.start()
        assert late.result(10) == 2
        assert early.result(10) == 1


def test_what_another_thread_is_still_paying_is_owed(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = {"i": 1}
    region: Region[Any] = Region("region", ttl=60, type=Any)

    def read() -> int:
        found: int = region.get_or_load("k", tags=[INNER], load=lambda: rows["i"]).value
        return found

    assert read() == 1
    rows["i"] = 2
    protocol.DEBT.owe([INNER])  # its END did not reach Redis
    paying, go_on, end = threading.Event(), threading.Event(), tags.end

    def end_slowly(names: Any, **how: Any) -> None:
        if not paying.is_set():
            paying.set()
            go_on.wait(5)
        end(names, **how)

    monkeypatch.setattr(tags, "end", end_slowly)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(read)
        assert paying.wait(5)
        assert read() == 2
        go_on.set()
        assert first.result(5) == 2


def test_outstanding_bumps_are_made_before_the_breaker_closes() -> None:
    """Whoever could not write to Redis meanwhile has put his bumps into the outbox."""
    rows = {"i": 1}
    region: Region[Any] = Region("region", ttl=60, type=Any)

    def read() -> int:
        found: int = region.get_or_load("k", tags=[INNER], load=lambda: rows["i"]).value
        return found

    @unit_of_work
    def write_elsewhere() -> None:
        outbox.OutboxRow(
            row_id="r", kind="bump", payload={"tags": [INNER]}, created_at=NOW, next_at=NOW
        ).save(force_insert=True)
        rows["i"] = 2

    assert read() == 1
    write_elsewhere()
    redis.breaker("cache").fail()
    assert read() == 2
    wait_until(lambda: not redis.breaker("cache").is_open)
    assert read() == 2
    wait_until(lambda: outbox.depth()["rows"] == 0)
