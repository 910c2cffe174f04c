"""Clocks that disagree, and a week of churn: nothing old is shown, and nothing stays behind."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from storychain import redis
from storychain.cache import entries, protocol, region, tags, ttl
from storychain.cache.inspecting import inspect_entry
from storychain.cache.invalidation import bump
from storychain.cache.region import Cached, Region, depends_on
from storychain.cache.tags import tag
from tests.checking.schedules import write
from tests.checking.world import PAGES, World
from tests.waiting import wait_until

HOUR = 3_600
DAYS, PAGES_A_DAY, KEYS_A_PAGE = 7, 150, 3


@contextmanager
def clock_off_by(seconds: int) -> Iterator[None]:
    """Let this process believe that it is another time."""
    with pytest.MonkeyPatch.context() as patch:
        now, now_ns = time.time, time.time_ns
        patch.setattr(time, "time", lambda: now() + seconds)
        patch.setattr(time, "time_ns", lambda: now_ns() + seconds * 10**9)
        yield


@pytest.mark.parametrize("skew", [-HOUR, HOUR])
def test_a_clock_off_by_an_hour_shows_nobody_the_past(
    skew: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(monkeypatch)
    for turn in range(20):
        with clock_off_by(skew * (turn % 2)):
            for page in PAGES:
                world.read(page)
                write(world, monkeypatch, "story", "author")
                world.read(page)
    assert world.oracle.checked == 20 * 10
    assert world.oracle.violations == []


@pytest.mark.parametrize("writers", [-HOUR, 0, HOUR])
@pytest.mark.parametrize("readers", [-HOUR, 0, HOUR])
def test_a_clock_off_by_an_hour_costs_no_load_and_no_age(writers: int, readers: int) -> None:
    pages: Region[int] = Region("clocks", ttl=60, type=int)
    loads = []

    def read() -> Cached[int]:
        return pages.get_or_load("k", tags=[tag("story", "s")], load=lambda: loads.append(1) or 7)

    with clock_off_by(writers):
        assert (read().state, read().age) == ("MISS", 0)
    redis.client("cache").pexpire(redis.key("e", "k"), 40_000)  # 20 s of 60, give or take 10 %
    with clock_off_by(readers):
        found = [read() for _ in range(20)]
        entry = inspect_entry("k")
    assert {page.state for page in found} == {"HIT"}
    assert all(14 <= page.age <= 26 for page in found)
    assert entry is not None
    assert 14 <= entry.age <= 26
    assert len(loads) == 1


@pytest.mark.parametrize("skew", [-HOUR, 0, HOUR])
def test_an_old_page_is_shown_up_to_its_bound_by_any_clock(skew: int, settings: Any) -> None:
    settings.CACHE_WAIT_SECONDS = 0
    lagging: Region[int] = Region("lagging", ttl=60, type=int, stale_seconds=30)
    name, client = tag("story", "s"), redis.client("cache")

    def read() -> Cached[int]:
        return lagging.get_or_load("k", tags=[name], load=lambda: 7)

    read()
    bump(name)
    protocol.prepare("k", [name], (), fixed=1)  # somebody has the lease and is slow
    for left, state in ((50_000, "STALE"), (20_000, "BYPASS")):
        client.pexpire(redis.key("e", "k"), left)
        with clock_off_by(skew):
            assert read().state == state


def test_the_nearer_the_end_and_the_dearer_the_load_the_likelier_is_a_refresh() -> None:
    def share(*, cost: int, left: int) -> float:
        header = entries.Header(b"", 60_000, cost, "", False, ())
        found = entries.Found(header, b"", left)
        return sum(found.wants_refresh() for _ in range(2000)) / 2000

    assert share(cost=1, left=1000) == 0
    assert share(cost=100, left=0) == share(cost=100, left=-2) == 1
    assert 0.3 < share(cost=100, left=100) < 0.44  # 1/e
    assert share(cost=300, left=100) > 0.6


def test_after_a_week_of_churn_no_more_keys_are_left_than_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A day is 0.3 s: every life is shortened alike, by the server's own clock."""
    scale, life_of = 86_400 / 0.3, ttl.life_of
    monkeypatch.setattr(region, "life_of", lambda name: max(1, int(life_of(name) / scale)))
    short = max(2, int(ttl.token_life() / scale))
    for module in (protocol, tags):
        monkeypatch.setattr(module, "token_life", lambda: short)
    pages: Region[Any] = Region("churn", ttl="DEFAULT", type=Any, finds=("cuser",))
    client = redis.client("cache")

    def keys() -> set[bytes]:
        found = set(client.scan_iter(redis.key("*"), count=1000))
        return found - {redis.key("stats").encode()}

    def live(day: int) -> None:
        for number in range(PAGES_A_DAY):
            name = f"{day}-{number}"
            pages.get_or_load(
                f"churn:{name}",
                tags=[tag("churn", name)],
                load=lambda name=name: depends_on(tag("cuser", name)),
            )

    live(0)
    baseline = {redis.key("epoch").encode()}
    wait_until(lambda: keys() <= baseline)
    for day in range(1, DAYS + 1):
        live(day)
        assert len(keys()) <= KEYS_A_PAGE * PAGES_A_DAY * 2, "yesterday's are still there"
    wait_until(lambda: keys() <= baseline)
