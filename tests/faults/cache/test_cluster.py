"""The cache on a Redis Cluster: every race as on one server, and servers that die and come back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import caches  # noqa: TID251 - others do

from config.env import Env
from storychain import checkup, redis
from storychain.cache import values
from storychain.cache.keys import build_key
from storychain.cache.stats import ping, stats
from storychain.cache.tags import Tag, tag
from storychain.documents import ensure_indexes
from storychain.embedded_kinds import KINDS
from tests.clusters import Cluster, Node
from tests.integration.cache.test_races import *  # noqa: F403 - each of them once more, on a cluster
from tests.integration.cache.test_races import AUTHOR, STORY, World
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Three servers for this module."""
    cluster = Cluster(tmp_path_factory.mktemp("cluster"))
    cluster.start()
    yield cluster
    cluster.kill()


@pytest.fixture(autouse=True)
def cluster(servers: Cluster, settings: Any) -> Iterator[Cluster]:
    """The application uses them, as REDIS_CACHE_URL would let it."""
    ensure_indexes()
    settings.CACHES = {"default": redis.cache_backend(servers.url, seconds=2)}
    redis.disconnect()
    yield servers
    redis.disconnect()


def test_keys_are_spread_and_what_belongs_together_is_not(cluster: Cluster) -> None:
    assert redis.is_cluster()
    owners = {cluster.owner(redis.key("e", str(n))).port for n in range(50)}
    assert len(owners) == 3
    for name in ("k", "}", "{", "}{", "a}b", "{a}b", ""):
        client = redis.client("cache")
        assert client.keyslot(redis.key("e", name)) == client.keyslot(redis.key("l", name))


def restart(cluster: Cluster, node: Node, *, keeping: bool) -> None:
    """Kill a server and start it again, with the dump that it has or with nothing."""
    if not keeping:
        node.run("FLUSHALL")
        node.run("SAVE")
    node.kill()
    node.start()
    cluster.wait()


def what_only_it_knows(lost: str) -> list[tuple[str, Tag]]:
    """Return the rows to write: that of a tag which is lost alone, so that no other betrays it."""
    rows = {"story": STORY, "author": AUTHOR}
    return [(row, name) for row, name in rows.items() if lost == row or lost not in rows]


@pytest.mark.parametrize("lost", ["entry", "story", "author", "fence", "epoch"])
@pytest.mark.parametrize("keeping", [True, False])
def test_a_server_back_with_old_data_or_none_is_not_believed(
    cluster: Cluster, world: World, lost: str, keeping: bool
) -> None:
    names = {
        "entry": redis.key("e", "story:page"),
        "story": redis.key("v", STORY),
        "author": redis.key("v", AUTHOR),
        "fence": redis.key("f", "user"),
        "epoch": redis.key("epoch"),
    }
    node = cluster.owner(names[lost])
    assert [world.read().state for _ in range(2)] == ["MISS", "HIT"]
    node.run("SAVE")
    for row, name in what_only_it_knows(lost):
        world.write(row, name)
    restart(cluster, node, keeping=keeping)
    wait_until(lambda: world.read().value == world.rows, seconds=1)
    wait_until(lambda: world.read().state == "HIT", seconds=10)
    assert world.read().value == world.rows


def test_while_a_server_is_down_the_database_answers(cluster: Cluster, world: World) -> None:
    world.read()
    node = cluster.owner(redis.key("v", STORY))
    node.kill()
    try:
        for _ in range(3):
            world.rows["story"] += 1  # a load shows it at once
            assert world.read().state == "BYPASS"
            assert world.read().value["story"] == world.rows["story"]
    finally:
        node.start()
        cluster.wait()
    wait_until(lambda: world.read().state == "HIT", seconds=10)


def test_a_slot_that_moves_is_followed(cluster: Cluster, world: World) -> None:
    world.read()
    name = redis.key("v", STORY)
    slot = redis.client("cache").keyslot(name)
    old = cluster.owner(name)
    new = next(node for node in cluster.nodes if node is not old)
    ids = {node.port: node.run("CLUSTER MYID") for node in cluster.nodes}
    try:
        new.run("CLUSTER SETSLOT", slot, "IMPORTING", ids[old.port])
        old.run("CLUSTER SETSLOT", slot, "MIGRATING", ids[new.port])
        while keys := old.run("CLUSTER GETKEYSINSLOT", slot, 100):
            old.run("MIGRATE", "127.0.0.1", new.port, "", 0, 1000, "KEYS", *keys)
        assert world.read().value["story"] == 1  # asked at the new one
        for node in (new, old, *cluster.nodes):
            node.run("CLUSTER SETSLOT", slot, "NODE", ids[new.port])
        assert world.read().value["story"] == 1
        world.write("story", STORY)
        assert world.read().value["story"] == 2
        assert world.read().state == "HIT"
    finally:
        old.run("FLUSHALL")
        new.run("FLUSHALL")
        for node in (old, new, *cluster.nodes):
            node.run("CLUSTER SETSLOT", slot, "NODE", ids[old.port])
        cluster.wait()


def test_the_plain_operations_do_what_they_do_on_one_server() -> None:
    keys = [build_key("t", "v", n=n) for n in range(20)]
    for key in keys:
        values.set_value(key, {"key": key}, tags=[tag("story", key)])
    assert values.get_many(keys) == {key: {"key": key} for key in keys}
    values.invalidate_tags(*(tag("story", key) for key in keys[:5]))
    assert set(values.get_many(keys)) == set(keys[5:])
    assert values.delete(*keys[5:10]) == 5
    assert values.delete_pattern("t:v:*") == 15
    assert values.get_many(keys) == {}
    assert ping()
    values.get_or_set("k", lambda: 1)
    assert stats()["connected"] is True
    assert stats()["regions"]["values"]["misses"] >= 1


def test_django_and_others_use_it_as_any_cache() -> None:
    cache = caches["default"]
    names = {f"name {n}".replace(" ", "-"): {"n": n} for n in range(10)}
    cache.set_many(names)
    assert cache.get_many(names) == names
    assert cache.get("none", 5) == 5
    assert (cache.add("name-1", 1), cache.add("new", 1)) == (False, True)
    assert (cache.incr("new"), cache.decr("new", 2), cache.get("new")) == (2, 0, 0)
    with pytest.raises(ValueError, match="none"):
        cache.incr("none")
    assert cache.get_or_set("made", lambda: [1]) == [1]
    assert (cache.touch("made", None), cache.touch("none")) == (True, False)
    cache.set("gone", 1, timeout=0)
    assert "gone" not in cache
    assert (cache.delete("new"), cache.delete("new")) == (True, False)
    cache.delete_many(names)
    assert cache.get_many(names) == {}
    with pytest.raises(TypeError):
        cache.set("bad", object())


def test_the_doctor_and_the_start_ask_it_too(cluster: Cluster) -> None:
    assert "lfu" in checkup._redis_cache({"REDIS_CACHE_URL": cluster.url})
    KINDS["REDIS_CACHE_URL"].ping(cluster.url)
    assert Env.read({"REDIS_CACHE_URL": cluster.url}).redis_cache_url == cluster.url
