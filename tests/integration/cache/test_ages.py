"""Clocks that disagree, and a week of churn: nothing old is shown, and nothing stays behind."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from storychain import redis
from storychain.cache import entries, protocol
from storychain.cache.inspecting import inspect_entry
from storychain.cache.invalidation import bump
from storychain.cache.region import Cached, Region
from storychain.cache.tags import tag
from tests.checking.churn import KEYS_A_PAGE, PAGES_A_DAY, live_a_week
from tests.checking.schedules import write
from tests.checking.world import PAGES, World

HOUR = 3_600


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
    assert world.oracle.checked == 20 * 14
    assert world.oracle.violations == []


@pytest.mark.parametrize("writers", [-HOUR, 0, HOUR])
@pytest.mark.parametrize("readers", [-HOUR, 0, HOUR])
def test_a_clock_off_by_an_hour_costs_no_load_and_no_age(writers: int, readers: int) -> None:
    pages: Region[Any] = Region("clocks", ttl=60, type=Any)
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
    ages = [page.age for page in found]
    assert 13 <= min(ages) <= max(ages) <= 50
    assert entry is not None
    assert 13 <= entry.age <= 50
    assert len(loads) == 1


@pytest.mark.parametrize("skew", [-HOUR, 0, HOUR])
def test_an_old_page_is_shown_up_to_its_bound_by_any_clock(skew: int, settings: Any) -> None:
    settings.CACHE_WAIT_SECONDS = 0
    lagging: Region[Any] = Region("lagging", ttl=60, type=Any, stale_seconds=30)
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


def test_after_a_week_of_churn_no_more_keys_are_left_than_before() -> None:
    week = live_a_week()
    assert week.most <= KEYS_A_PAGE * PAGES_A_DAY * 2, "yesterday's are still there"
    assert week.left == 0
    others = set(redis.client("cache").scan_iter(redis.key("*"), count=1000))
    assert others <= {redis.key("epoch").encode(), redis.key("stats").encode()}
