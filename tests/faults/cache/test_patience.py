"""A command to the cache is tried again where no request waits for it, and only there."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import redis as redis_library

from storychain import redis
from storychain.embedded_kinds import _first_of
from storychain.patience import GrowingWaits, be_patient


class Refuser:
    """A server that hangs up on everybody, and counts them."""

    def __init__(self) -> None:
        self.calls = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return
            self.calls += 1
            caller.close()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()


@pytest.fixture
def refuser(settings: Any) -> Iterator[Refuser]:
    found = Refuser()
    url = f"redis://127.0.0.1:{found.port}/0"
    settings.CACHES = {"default": redis.cache_backend(url, seconds=0.5)}
    redis.disconnect()
    yield found
    be_patient(is_patient=False)
    redis.disconnect()
    found.close()


@pytest.mark.parametrize(("is_patient", "calls"), [(False, 1), (True, 4)])
def test_the_number_of_tries_is_the_processs(
    refuser: Refuser, is_patient: bool, calls: int
) -> None:
    be_patient(is_patient=is_patient)
    with pytest.raises(redis_library.ConnectionError):
        redis.client("cache").ping()
    assert refuser.calls == calls


def test_the_number_is_a_setting(refuser: Refuser, settings: Any) -> None:
    settings.CACHE_RETRIES = 1
    be_patient()
    with pytest.raises(redis_library.ConnectionError):
        redis.client("cache").ping()
    assert refuser.calls == 2


def test_waits_grow_by_50_ms_up_to_2_s() -> None:
    waits = [GrowingWaits().compute(n) for n in (1, 2, 3, 40, 100)]
    assert waits == pytest.approx([0.05, 0.1, 0.15, 2, 2])


@pytest.mark.parametrize(
    ("url", "first"),
    [
        ("redis+cluster://a:1,b:2,c:3", "redis://a:1"),
        ("rediss+cluster://me:pw@a:1,b:2/", "rediss://me:pw@a:1/"),
        ("redis+cluster://a", "redis://a"),
        ("redis://me:pw@a:1/0", "redis://me:pw@a:1/0"),
        ("unix:///run/redis.sock", "unix:///run/redis.sock"),
    ],
)
def test_a_clusters_first_server_is_asked_for_life(url: str, first: str) -> None:
    assert _first_of(url) == first
