"""The cache on a Redis Cluster: every race as on one server, and servers that die and come back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import cycle
from typing import Any

import pytest
from django.core.cache import caches  # noqa: TID251 - others do

from config.env import Env
from storychain import checkup, redis
from storychain.cache import clustered, values
from storychain.cache.invalidation import bump
from storychain.cache.keys import build_key
from storychain.cache.region import Region
from storychain.cache.stats import ping, stats
from storychain.cache.tags import Tag, new_token, tag
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


def names_of_a_page() -> dict[str, str]:
    """Return the keys of all that a read of the page asks for."""
    return {
        "entry": redis.key("e", "story:page"),
        "story": redis.key("v", STORY),
        "author": redis.key("v", AUTHOR),
        "fence": redis.key("f", "user"),
        "epoch": redis.key("epoch"),
    }


def what_only_it_knows(lost: str) -> list[tuple[str, Tag]]:
    """Return the rows to write: that of a tag which is lost alone, so that no other betrays it."""
    rows = {"story": STORY, "author": AUTHOR}
    return [(row, name) for row, name in rows.items() if lost == row or lost not in rows]


@pytest.mark.parametrize("lost", ["entry", "story", "author", "fence", "epoch"])
@pytest.mark.parametrize("keeping", [True, False])
def test_a_server_back_with_old_data_or_none_is_not_believed(
    cluster: Cluster, world: World, lost: str, keeping: bool
) -> None:
    names = names_of_a_page()
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
    try:
        with cluster.moving(slot, old, new):
            assert world.read().value["story"] == 1  # asked at the new one
        assert world.read().value["story"] == 1
        world.write("story", STORY)
        assert world.read().value["story"] == 2
        assert world.read().state == "HIT"
    finally:
        cluster.take_back(slot, old)


@pytest.mark.parametrize("moved", ["entry", "story", "author", "fence", "epoch"])
def test_while_a_slot_moves_nobody_is_shown_the_past(
    cluster: Cluster, world: World, moved: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reads and bumps go on, there and back, and hit at each stage; nobody holds Redis for gone."""
    failures: list[Exception] = []
    monkeypatch.setattr(redis, "note_failure", lambda _, error: failures.append(error))
    floor, over = dict(world.rows), threading.Event()
    states: list[str] = []

    def write() -> None:
        for row, name in cycle([("story", STORY), ("author", AUTHOR)]):
            if over.wait(0.05):
                return
            world.write(row, name)
            floor[row] = world.rows[row]

    def read() -> list[tuple[dict[str, int], Any]]:
        old = []
        while not over.is_set():
            noted = dict(floor)
            page = world.read()
            states.append(page.state)
            if any(page.value[row] < value for row, value in noted.items()):
                old.append((noted, page.value))
        return old

    def await_a_hit() -> None:
        seen = len(states)
        wait_until(lambda: "HIT" in states[seen:])

    name = names_of_a_page()[moved]
    slot, old = redis.client("cache").keyslot(name), cluster.owner(name)
    new = next(node for node in cluster.nodes if node is not old)
    with ThreadPoolExecutor(3) as pool:
        writer, *readers = pool.submit(write), pool.submit(read), pool.submit(read)
        try:
            for one, other in ((old, new), (new, old)):
                with cluster.moving(slot, one, other, before=await_a_hit):
                    await_a_hit()
                await_a_hit()
        finally:
            over.set()
            cluster.take_back(slot, old)
    assert [reader.result() for reader in readers] == [[], []]
    writer.result()
    assert failures == []


@pytest.mark.parametrize("is_whole", [True, False])
def test_an_end_moves_the_fences_before_the_tokens(
    world: World, is_whole: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A load from before a write is over between the two steps of its END.

    Without that order what it found has its new token already, and its fence stands still.
    """
    move = clustered._move_fences
    moves: list[Callable[[], None]] = []
    if not is_whole:
        monkeypatch.setattr(
            clustered, "_move_fences", lambda kinds: moves.append(partial(move, kinds))
        )

    def write_up_to_the_middle_of_its_end() -> None:
        writer = new_token()
        clustered.begin([AUTHOR], writer=writer, life=60_000)
        world.rows["author"] = 2
        if is_whole:
            clustered._move_fences(["user"])
            moves.append(partial(clustered.end, [AUTHOR], ["user"], writer=writer))
        else:
            clustered.end([AUTHOR], ["user"], writer=writer)

    assert world.read(during=write_up_to_the_middle_of_its_end).value["author"] == 1
    for finish in moves:
        finish()
    assert (world.read().value["author"] == 2) is is_whole


def test_a_server_that_a_slot_moves_to_is_not_believed_when_it_is_back_with_old_data(
    cluster: Cluster,
) -> None:
    """It is asked for the moving tag alone: the epoch has to name it all the same."""
    home = cluster.owner(redis.key("epoch"))
    key = next(k for k in map(str, range(999)) if cluster.owner(redis.key("e", k)) is home)
    tags = (tag("story", str(n)) for n in range(999))
    name = next(n for n in tags if cluster.owner(redis.key("v", n)) is home)
    slot = redis.client("cache").keyslot(redis.key("v", name))
    new = next(node for node in cluster.nodes if node is not home)
    rows, region = [1], Region[Any]("moving", ttl=60, type=Any)

    def read() -> int:
        found: int = region.get_or_load(key, tags=[name], load=lambda: rows[0]).value
        return found

    assert read() == 1
    try:
        with cluster.moving(slot, home, new):
            assert read() == 1
            new.run("SAVE")
            rows[0] = 2
            bump(name)
            restart(cluster, new, keeping=True)
            wait_until(lambda: read() == 2, seconds=1)
            assert [read() for _ in range(3)] == [2, 2, 2]
    finally:
        cluster.take_back(slot, home)


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
