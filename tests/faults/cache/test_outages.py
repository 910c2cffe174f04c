"""The cache's Redis in trouble: the API answers from MongoDB, and nothing old comes back."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from apps.stories.documents import Story
from storychain import outbox, redis
from storychain.cache import protocol
from storychain.cache import stats as stats_module
from storychain.cache.stats import stats
from storychain.documents import ensure_indexes
from storychain.outbox import OutboxRow
from tests.factories import Caller, published_story, sign_in
from tests.queueing.servers import QueueRedis, Wire, free_port
from tests.waiting import wait_until

ANYONE = Caller()


class Trouble:
    """A cache Redis of the test's own, behind a wire that can be cut."""

    def __init__(self, folder: Path, settings: Any) -> None:
        self.server = QueueRedis(folder, variable="REDIS_CACHE_URL")
        self.server.start()
        self.wire = Wire(self.server.port)
        self._settings = settings
        self.use(self.wire.port)

    def use(self, port: int) -> None:
        """Let the application use the server behind this port, with a request's short time-outs."""
        default = self._settings.CACHES["default"]
        options = {**default["OPTIONS"], "SOCKET_CONNECT_TIMEOUT": 0.15, "SOCKET_TIMEOUT": 0.15}
        url = f"redis://127.0.0.1:{port}/0"
        self._settings.CACHES = {"default": {**default, "LOCATION": url, "OPTIONS": options}}
        redis.disconnect()

    def close(self) -> None:
        redis.disconnect()
        self.wire.close()
        self.server.kill()


@pytest.fixture
def trouble(tmp_path: Path, settings: Any) -> Iterator[Trouble]:
    """Trouble to come; the pool of the suite's own server is used again afterwards."""
    ensure_indexes()
    found = Trouble(tmp_path / "redis", settings)
    yield found
    found.close()


@pytest.fixture
def story(trouble: Trouble) -> tuple[Caller, str]:
    """An author and his published story, warm in the cache."""
    author = sign_in()
    slug, _ = published_story(author)
    wait_until(lambda: state(slug) == "HIT")
    return author, slug


def state(slug: str) -> str:
    """Read the story and return how it came."""
    answer = ANYONE.get(f"/stories/{slug}")
    assert answer.status_code == 200
    return str(answer["X-Cache"])


def title(slug: str) -> str:
    """Read the story and return its title."""
    return str(ANYONE.get(f"/stories/{slug}").json()["title"])


def refuse(trouble: Trouble) -> Callable[[], None]:
    trouble.server.kill()
    return trouble.server.start


def black_hole(trouble: Trouble) -> Callable[[], None]:
    trouble.wire.is_cut = True

    def heal() -> None:
        trouble.wire.is_cut = False

    return heal


def fill_up(trouble: Trouble) -> Callable[[], None]:
    client = trouble.server.client()
    client.config_set("maxmemory-policy", "noeviction")
    client.config_set("maxmemory", "1")

    def heal() -> None:
        client.config_set("maxmemory", "64mb")
        client.close()

    return heal


def slow_down(trouble: Trouble) -> Callable[[], None]:
    trouble.wire.delay = 0.2

    def heal() -> None:
        trouble.wire.delay = 0.0

    return heal


def demote(trouble: Trouble) -> Callable[[], None]:
    """Another server took over; this one still answers who only reads."""
    client = trouble.server.client()
    client.execute_command("REPLICAOF", "127.0.0.1", free_port())

    def heal() -> None:
        client.execute_command("REPLICAOF", "NO", "ONE")
        client.close()

    return heal


TROUBLES = [refuse, black_hole, fill_up, slow_down, demote]


@pytest.mark.parametrize("begin", TROUBLES)
def test_the_api_goes_on_and_no_write_is_forgotten(
    trouble: Trouble, story: tuple[Caller, str], begin: Callable[[Trouble], Callable[[], None]]
) -> None:
    author, slug = story
    heal = begin(trouble)
    assert title(slug) == "The lamp"
    assert author.patch(f"/stories/{slug}", {"title": "The lantern"}).status_code == 200
    assert title(slug) == "The lantern"
    heal()
    wait_until(lambda: state(slug) == "HIT", seconds=10)
    assert title(slug) == "The lantern"
    rows = OutboxRow._get_collection()
    past = {"$set": {"next_at": Story.objects.get(slug=slug).created_at}}
    rows.update_many({}, past)
    outbox.relay_once()
    assert rows.count_documents({"kind": "bump"}) == 0
    assert title(slug) == "The lantern"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What this thread, which answers the requests, asks of Redis."""
    found: list[str] = []

    def noting(name: str) -> Callable[..., Any]:
        ask = getattr(redis, name)

        def run(*args: Any, **kwargs: Any) -> Any:
            if threading.current_thread() is threading.main_thread():
                found.append(name)
            return ask(*args, **kwargs)

        return run

    for name in ("mget", "mget_with_life", "script", "send", "run_in_haste"):
        monkeypatch.setattr(redis, name, noting(name))
    monkeypatch.setattr(redis.script, "cache_clear", lambda: None, raising=False)
    return found


@pytest.mark.parametrize("begin", [refuse, black_hole, slow_down])
def test_one_question_goes_unanswered_and_nobody_asks_another(
    trouble: Trouble,
    story: tuple[Caller, str],
    asked: list[str],
    begin: Callable[[Trouble], Callable[[], None]],
) -> None:
    author, slug = story
    begin(trouble)
    state(slug)  # which reads several pages
    assert asked == ["mget_with_life"]
    assert redis.breaker("cache").is_open
    for _ in range(20):
        stats_module._sent_at = 0
        assert state(slug) == "BYPASS"
    assert asked == ["mget_with_life"]
    author.patch(f"/stories/{slug}", {"title": "The lantern"})
    assert asked == ["mget_with_life", "run_in_haste"]


def test_a_writer_whose_breaker_is_still_open_is_believed_by_those_who_know_better(
    trouble: Trouble, story: tuple[Caller, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    author, slug = story
    monkeypatch.setattr(redis.Breaker, "try_to_close", lambda _: False)
    monkeypatch.setattr(redis, "HASTE_SECONDS", 1)
    redis.breaker("cache").fail()
    assert author.patch(f"/stories/{slug}", {"title": "The lantern"}).status_code == 200
    assert OutboxRow.objects(kind="bump").first() is None
    redis.breaker.cache_clear()  # as another process, which has found Redis well
    protocol.DEBT._owed.clear()
    assert title(slug) == "The lantern"


def test_a_server_back_from_an_old_dump_is_not_believed(
    trouble: Trouble, story: tuple[Caller, str]
) -> None:
    author, slug = story
    client = trouble.server.client()
    client.save()  # the dump holds the page as it is now
    author.patch(f"/stories/{slug}", {"title": "The lantern"})
    client.config_set("save", "")
    client.close()
    trouble.server.kill()
    trouble.server.start()
    with trouble.server.client() as restored:
        assert restored.dbsize() > 0
    wait_until(lambda: state(slug) == "HIT", seconds=10)
    assert title(slug) == "The lantern"


@pytest.mark.parametrize("begin", [refuse, black_hole, slow_down])
def test_the_breaker_closes_within_ten_seconds_of_healing(
    trouble: Trouble, story: tuple[Caller, str], begin: Callable[[Trouble], Callable[[], None]]
) -> None:
    _, slug = story
    heal = begin(trouble)
    wait_until(lambda: state(slug) == "BYPASS" and redis.breaker("cache").is_open)
    heal()
    wait_until(lambda: state(slug) == "HIT", seconds=10)
    assert not redis.breaker("cache").is_open


def test_a_server_that_took_over_with_old_data_is_not_believed(
    trouble: Trouble, story: tuple[Caller, str], tmp_path: Path
) -> None:
    author, slug = story
    with trouble.server.client() as client:
        client.save()
        epoch = client.get(redis.key("epoch"))
    (tmp_path / "heir").mkdir()
    shutil.copy(tmp_path / "redis" / "dump.rdb", tmp_path / "heir")
    heir = QueueRedis(tmp_path / "heir", variable="REDIS_CACHE_URL")
    heir.start()
    try:
        author.patch(f"/stories/{slug}", {"title": "The lantern"})
        assert title(slug) == "The lantern"
        with heir.client() as client:
            assert client.get(redis.key("epoch")) == epoch
        trouble.wire.lead_to(heir.port)
        assert title(slug) == "The lantern"
        wait_until(lambda: state(slug) == "HIT", seconds=10)
        assert title(slug) == "The lantern"
        with heir.client() as client:
            assert client.get(redis.key("epoch")) != epoch
    finally:
        heir.kill()


def test_a_flush_is_a_miss(trouble: Trouble, story: tuple[Caller, str]) -> None:
    _, slug = story
    with trouble.server.client() as client:
        client.flushall()
    assert state(slug) == "MISS"
    assert state(slug) == "HIT"


def test_a_writer_who_cannot_reach_redis_has_his_bumps_relayed(
    trouble: Trouble, story: tuple[Caller, str]
) -> None:
    """Another process sees the write once the relay has bumped for the one that was cut off."""
    author, slug = story
    trouble.wire.is_cut = True
    assert author.patch(f"/stories/{slug}", {"title": "The lantern"}).status_code == 200
    assert OutboxRow.objects(kind="bump").first() is not None
    trouble.use(trouble.server.port)  # as the relay's process, which is not cut off
    OutboxRow._get_collection().update_many(
        {}, {"$set": {"next_at": Story.objects.get(slug=slug).created_at}}
    )
    assert outbox.relay_once() >= 1  # events wait beside the bump
    assert title(slug) == "The lantern"
    assert OutboxRow.objects(kind="bump").first() is None


def test_the_statistics_say_that_it_is_gone(trouble: Trouble) -> None:
    assert stats()["connected"] is True
    trouble.server.kill()
    assert stats()["connected"] is False
