"""Clocks that disagree, and a week of churn: nothing old is shown, and nothing stays behind."""

from __future__ import annotations

from typing import Any

import pytest

from storychain import redis
from storychain.cache import entries, protocol, region, tags, ttl
from storychain.cache.region import Region, depends_on
from storychain.cache.tags import tag
from tests.checking.schedules import write
from tests.checking.world import PAGES, World
from tests.waiting import wait_until

HOUR_MS = 3_600_000
DAYS, PAGES_A_DAY, KEYS_A_PAGE = 7, 150, 3


@pytest.mark.parametrize("skew", [-HOUR_MS, HOUR_MS])
def test_a_clock_off_by_an_hour_shows_nobody_the_past(
    skew: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, now_ms = World(monkeypatch), entries.now_ms
    for turn in range(20):
        with monkeypatch.context() as patch:
            patch.setattr(entries, "now_ms", lambda turn=turn: now_ms() + skew * (turn % 2))
            for page in PAGES:
                world.read(page)
                write(world, monkeypatch, "story", "author")
                world.read(page)
    assert world.oracle.checked == 20 * 10
    assert world.oracle.violations == []
    monkeypatch.undo()


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
