"""A week of the cache in seconds: pages that nobody reads again, and the keys that they leave."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from storychain import redis
from storychain.cache import protocol, region, tags, ttl
from storychain.cache.region import Region, depends_on
from storychain.cache.tags import tag
from tests.waiting import wait_until

DAYS, PAGES_A_DAY, KEYS_A_PAGE, DAY_SECONDS = 7, 150, 3, 0.3


@dataclass(frozen=True)
class Week:
    """How many keys there were at most, and how many in the end; without the epoch and counts."""

    most: int
    left: int


def live_a_week() -> Week:
    """Read new pages day by day, then let the last day pass."""
    pages: Region[Any] = Region("churn", ttl="DEFAULT", type=Any, finds=("cuser",))
    most = 0
    with _short_lives():
        for day in range(DAYS + 1):
            for number in range(PAGES_A_DAY):
                name = f"{day}-{number}"
                pages.get_or_load(
                    f"churn:{name}",
                    tags=[tag("churn", name)],
                    load=lambda name=name: depends_on(tag("cuser", name)),
                )
            most = max(most, len(_keys()))
        wait_until(lambda: not _keys())
    return Week(most, len(_keys()))


@contextmanager
def _short_lives() -> Iterator[None]:
    """A day is 0.3 s: every life is shortened alike, by the server's own clock."""
    scale, life_of = 86_400 / DAY_SECONDS, ttl.life_of
    short = max(2, int(ttl.token_life() / scale))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(region, "life_of", lambda name: max(1, int(life_of(name) / scale)))
        for module in (protocol, tags):
            patch.setattr(module, "token_life", lambda: short)
        yield


def _keys() -> set[bytes]:
    """Return what these pages have left: entries, leases, tags, the fence."""
    return set(redis.client("cache").scan_iter(redis.key("?", "c[hu]*"), count=1000))
