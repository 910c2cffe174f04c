"""Each race of a cached read with a write, forced to happen: the next read shows the truth.

The database is a dict, the writes are BEGIN, change, END as a unit of work does them, and a load
can be stopped in its middle to let a write happen there.
"""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from storychain import redis
from storychain.cache import tags as protocol
from storychain.cache.region import Cached, Region, depends_on
from storychain.cache.tags import Tag, new_token, tag
from storychain.errors import NotFound

STORY, AUTHOR = tag("story", "s"), tag("user", "u")


class World:
    """A database of values, the region that reads it, and its writers."""

    def __init__(self) -> None:
        self.rows: dict[str, Any] = {"story": 1, "author": 1}
        self.loads = 0
        self.region: Region[Any] = Region("test", ttl=60, type=Any, finds=("user",))

    def read(self, during: Callable[[], None] = lambda: None) -> Cached[Any]:
        """Read the story's page; `during` runs inside a load, after the rows were read."""

        def load() -> Any:
            self.loads += 1
            page = dict(self.rows)
            depends_on(AUTHOR)
            during()
            return page

        return self.region.get_or_load("story:page", tags=[STORY], load=load)

    @contextmanager
    def writing(self, *tags: Tag) -> Iterator[bytes]:
        """Write as a unit of work does: BEGIN, the change inside, END."""
        writer = new_token()
        protocol.begin(tags, writer=writer)
        yield writer
        protocol.end(tags, writer=writer)

    def write(self, row: str, name: Tag) -> None:
        """Count a row up and bump its tag."""
        with self.writing(name):
            self.rows[row] += 1


@pytest.fixture
def world() -> World:
    """A database of its own for each test."""
    return World()


def test_a_page_is_loaded_once_and_then_stored(world: World) -> None:
    reads = [world.read() for _ in range(3)]
    assert [read.state for read in reads] == ["MISS", "HIT", "HIT"]
    assert all(read.is_stored for read in reads)
    assert world.loads == 1
    assert world.read().value == {"story": 1, "author": 1}


@pytest.mark.parametrize(("row", "name"), [("story", STORY), ("author", AUTHOR)])
def test_a_write_is_seen_by_the_next_read(world: World, row: str, name: Tag) -> None:
    world.read()
    world.write(row, name)
    assert world.read().value[row] == 2


@pytest.mark.parametrize(("row", "name"), [("story", STORY), ("author", AUTHOR)])
@pytest.mark.parametrize("is_warm", [False, True])
def test_a_write_in_the_middle_of_a_load_is_not_lost(
    world: World, row: str, name: Tag, is_warm: bool
) -> None:
    if is_warm:
        world.read()
        world.write(row, name)
    before = world.rows[row]
    world.read(during=lambda: world.write(row, name))
    assert world.read().value[row] == before + 1


@pytest.mark.parametrize(("row", "name"), [("story", STORY), ("author", AUTHOR)])
def test_nothing_is_stored_while_a_write_is_pending(world: World, row: str, name: Tag) -> None:
    world.read()
    with world.writing(name):
        assert (world.read().state, world.read().is_stored) == ("BYPASS", False)
        world.rows[row] += 1
        assert world.read().value[row] == 2
    assert world.read().state == "MISS"


@pytest.mark.parametrize(("row", "name"), [("story", STORY), ("author", AUTHOR)])
def test_a_load_that_ends_inside_a_write_stores_nothing(world: World, row: str, name: Tag) -> None:
    writer = new_token()
    world.read(during=lambda: protocol.begin([name], writer=writer))
    world.rows[row] += 1
    protocol.end([name], writer=writer)
    assert world.read().value[row] == 2


def test_overlapping_writers_wait_for_the_last(world: World) -> None:
    world.read()
    first, second = new_token(), new_token()
    protocol.begin([STORY], writer=first)
    protocol.begin([STORY], writer=second)
    world.rows["story"] = 2
    protocol.end([STORY], writer=first)
    assert world.read().state == "BYPASS"
    world.rows["story"] = 3
    protocol.end([STORY], writer=second)
    assert world.read().value["story"] == 3
    assert world.read().state == "HIT"


@pytest.mark.parametrize("name", [STORY, AUTHOR])
def test_a_writer_killed_after_its_commit_takes_the_old_page_with_it(
    world: World, settings: Any, name: Tag
) -> None:
    settings.CACHE_INTENT_SECONDS = 0.2
    world.read()
    protocol.begin([name], writer=new_token())
    world.rows["story"] = world.rows["author"] = 2  # committed, and then the process is gone
    assert world.read().value["story"] == 2

    def is_stored() -> bool:
        return world.read().state == "HIT"

    _await(is_stored)
    assert world.read().value == {"story": 2, "author": 2}


def test_an_evicted_tag_is_a_miss_never_a_match(world: World) -> None:
    world.read()
    redis.client("cache").delete(redis.key("v", STORY))
    world.rows["story"] = 2
    assert world.read().value["story"] == 2


def test_a_write_of_an_evicted_tag_counts(world: World) -> None:
    def evict_and_write() -> None:
        redis.client("cache").delete(redis.key("v", STORY), redis.key("f", "user"))
        world.write("story", STORY)

    world.read(during=evict_and_write)
    assert world.read().value["story"] == 2


@pytest.mark.parametrize("keys", [["v:*"], ["f:*"], ["l:*"], ["epoch"], ["*"]])
def test_whatever_is_lost_in_the_middle_of_a_load_nothing_old_is_believed(
    world: World, keys: list[str]
) -> None:
    def lose_and_write() -> None:
        client = redis.client("cache")
        found = [k for pattern in keys for k in client.scan_iter(redis.key(pattern))]
        if found:
            client.delete(*found)
        world.write("story", STORY)
        world.write("author", AUTHOR)

    world.read(during=lose_and_write)
    assert world.read().value == {"story": 2, "author": 2}


def test_scripts_that_the_server_forgot_are_sent_again(world: World) -> None:
    redis.client("cache").script_flush()
    assert world.read().state == "MISS"
    redis.client("cache").script_flush()
    world.write("story", STORY)
    assert world.read().value["story"] == 2


def test_a_new_epoch_makes_everything_stale(world: World) -> None:
    world.read()
    redis.client("cache").set(redis.key("epoch"), b"another!")
    world.rows["story"] = 2
    assert world.read().value["story"] == 2


def test_a_load_without_its_lease_stores_nothing(world: World, settings: Any) -> None:
    settings.CACHE_LEASE_SECONDS = 0.05

    def outlive_the_lease() -> None:
        _await(lambda: not redis.client("cache").exists(redis.key("l", "story:page")))

    assert not world.read(during=outlive_the_lease).is_stored
    assert world.read().state == "MISS"


def test_five_hundred_misses_at_once_are_one_load(world: World, settings: Any) -> None:
    settings.CACHE_LEASE_SECONDS, settings.CACHE_WAIT_SECONDS = 10, 10

    def slowly() -> None:
        time.sleep(0.2)  # the load itself is slow; nothing waits for this

    with ThreadPoolExecutor(100) as pool:
        pages = list(pool.map(lambda _: world.read(during=slowly).value, range(500)))
    assert world.loads == 1
    assert all(page == {"story": 1, "author": 1} for page in pages)


def test_who_waits_for_a_load_is_not_given_what_was_there_before_his_read(world: World) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def stop_here() -> None:
        inside.set()
        go_on.wait(5)

    with ThreadPoolExecutor(2) as pool:
        early = pool.submit(world.read, stop_here)
        inside.wait(5)
        world.write("author", AUTHOR)  # acknowledged before the second read begins
        late = pool.submit(world.read)
        _await(lambda: late.done() or world.loads > 1 or _sleep_and_release(go_on))
        go_on.set()
        assert late.result(5).value["author"] == 2
        assert early.result(5).value["author"] == 1


def _sleep_and_release(event: threading.Event) -> bool:
    """Let the first load end once the second reader had time to board it."""
    if not event.is_set():
        time.sleep(0.05)
        event.set()
    return False


@pytest.mark.parametrize("value", [None, 0, "", [], False])
def test_an_empty_value_is_a_value(value: Any) -> None:
    region: Region[Any] = Region("test", ttl=60, type=Any)
    loads = []
    for _ in range(2):
        found = region.get_or_load("k", tags=[STORY], load=lambda: loads.append(1) or value)
        assert found.value == value
    assert len(loads) == 1


class Missing(NotFound):
    """What the load raises."""

    code, title = "story-not-found", "There is no such story"


def test_absence_is_remembered_until_its_tag_is_bumped() -> None:
    region: Region[Any] = Region("test", ttl=60, type=Any)
    there: list[int] = []
    loads = []

    def load() -> int:
        loads.append(1)
        if not there:
            raise Missing("none of this name")
        return there[0]

    for _ in range(3):
        with pytest.raises(NotFound) as raised:
            region.get_or_load("k", tags=[STORY], load=load)
        assert (raised.value.code, raised.value.detail) == ("story-not-found", "none of this name")
    assert len(loads) == 1
    there.append(7)
    protocol.end([STORY])
    assert region.get_or_load("k", tags=[STORY], load=load).value == 7


def test_a_load_that_fails_leaves_no_lease_behind(world: World) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        world.read(during=fail)
    assert not redis.client("cache").exists(redis.key("l", "story:page"))
    assert world.read().state == "MISS"


def test_an_outer_page_goes_stale_with_what_was_read_inside(world: World) -> None:
    outer: Region[Any] = Region("outer", ttl=60, type=Any)

    def read() -> Any:
        return outer.get_or_load("outer", tags=[], load=lambda: world.read().value)

    assert [read().state for _ in range(2)] == ["MISS", "HIT"]
    for row, name in (("story", STORY), ("author", AUTHOR)):
        world.write(row, name)
        assert read().value[row] == 2
    assert [read().state for _ in range(2)] == ["HIT", "HIT"]


def test_an_outer_page_is_not_stored_over_something_that_was_not(world: World) -> None:
    outer: Region[Any] = Region("outer", ttl=60, type=Any)
    with world.writing(AUTHOR):
        outer.get_or_load("outer", tags=[], load=lambda: world.read().value)
        world.rows["author"] = 2
    assert outer.get_or_load("outer", tags=[], load=lambda: world.read().value).value["author"] == 2


def test_a_kind_of_tag_that_was_not_declared_is_a_mistake() -> None:
    region: Region[Any] = Region("test", ttl=60, type=Any)
    with pytest.raises(LookupError, match="user"):
        region.get_or_load("k", tags=[], load=lambda: depends_on(AUTHOR))


def test_short_and_long_lives_under_one_tag(world: World) -> None:
    long: Region[Any] = Region("long", ttl=3600, type=Any)
    short: Region[Any] = Region("short", ttl=1, type=Any)
    long.get_or_load("long", tags=[STORY], load=lambda: 1)
    life = redis.client("cache").pttl(redis.key("v", STORY))
    short.get_or_load("short", tags=[STORY], load=lambda: 1)
    assert redis.client("cache").pttl(redis.key("v", STORY)) > life - 5_000
    assert life > 2 * 3600 * 1000


def _await(condition: Callable[[], Any], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.01)


def test_a_region_that_allows_it_shows_the_old_page_while_it_is_loaded_anew(settings: Any) -> None:
    settings.CACHE_LEASE_SECONDS, settings.CACHE_WAIT_SECONDS = 10, 10
    inside, go_on = threading.Event(), threading.Event()
    rows = [1]

    def load(*, is_slow: bool = False) -> int:
        value = rows[0]
        if is_slow:
            inside.set()
            go_on.wait(5)
        return value

    def read(region: Region[Any], **how: bool) -> Cached[Any]:
        return region.get_or_load("k", tags=[STORY], load=lambda: load(**how))

    lagging: Region[Any] = Region("lagging", ttl=60, type=Any, stale_seconds=30)
    assert read(lagging).state == "MISS"
    rows[0] = 2
    protocol.end([STORY])
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(read, lagging, is_slow=True)
        inside.wait(5)
        stale = read(lagging)
        go_on.set()
        assert slow.result(5).value == 2
    assert (stale.state, stale.value) == ("STALE", 1)
    assert (read(lagging).state, read(lagging).value) == ("HIT", 2)
