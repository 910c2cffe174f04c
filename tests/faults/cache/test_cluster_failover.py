"""A Redis Cluster whose servers have heirs: one dies, its heir takes over and missed a write."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from storychain import redis
from storychain.documents import ensure_indexes
from tests.clusters import Cluster
from tests.faults.cache.test_cluster import names_of_a_page, what_only_it_knows
from tests.integration.cache.test_races import STORY, World
from tests.waiting import wait_until


@pytest.fixture
def cluster(tmp_path: Path, settings: Any) -> Iterator[Cluster]:
    """Three servers and their heirs, used as REDIS_CACHE_URL would let them be."""
    ensure_indexes()
    found = Cluster(tmp_path, with_heirs=True)
    try:
        found.start()
        settings.CACHES = {"default": redis.cache_backend(found.url, seconds=2)}
        redis.disconnect()
        yield found
    finally:
        redis.disconnect()
        found.kill()


@pytest.mark.timeout(180)
@pytest.mark.parametrize("lost", ["entry", "story", "author", "fence", "epoch"])
def test_an_heir_that_missed_a_write_is_not_believed(cluster: Cluster, lost: str) -> None:
    world = World()
    names = names_of_a_page()
    primary = cluster.owner(names[lost])
    heir = cluster.heirs[cluster.nodes.index(primary)]
    assert [world.read().state for _ in range(2)] == ["MISS", "HIT"]
    primary.run("WAIT", 1, 5000)
    heir.stop()
    primary.run("CLIENT KILL TYPE replica")
    for row, name in what_only_it_knows(lost):
        world.write(row, name)
    primary.kill()
    heir.go_on()
    states = []

    def read() -> str:
        """Read; what was acknowledged is shown, whoever answers."""
        page = world.read()
        assert page.value == world.rows
        states.append(page.state)
        return page.state

    assert read() == "BYPASS"
    wait_until(lambda: read() and heir.is_primary())
    wait_until(lambda: read() == "HIT")
    world.write("story", STORY)
    assert world.read().value == world.rows
    primary.start()  # it comes back as a replica, with nothing
    wait_until(lambda: primary.run("ROLE")[0] == b"slave")
    assert [world.read().value for _ in range(3)] == [world.rows] * 3
