"""A broker that does not answer is waited for once; then only by a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from storychain.queues import bells
from tests.waiting import wait_until


class Broker:
    """What is rung, and by which thread it was tried."""

    def __init__(self) -> None:
        self.is_there = False
        self.rung: list[str] = []
        self.tried: list[threading.Thread] = []

    def send(self, queue: str) -> None:
        self.tried.append(threading.current_thread())
        if not self.is_there:
            raise TimeoutError("no answer")
        self.rung.append(queue)


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Broker]:
    found = Broker()
    monkeypatch.setattr(bells, "_send", found.send)
    bells.breaker.cache_clear()
    bells.take_unrung()
    yield found
    bells.breaker.cache_clear()
    bells.take_unrung()


def test_one_caller_waits_and_what_was_not_rung_is_rung_when_it_is_back(broker: Broker) -> None:
    bells.ring(["email", "export"])
    wait_until(lambda: len(broker.tried) > 3)
    bells.ring(["export", "cleanup"])
    assert [thread.name for thread in broker.tried].count(threading.current_thread().name) == 1
    assert broker.rung == []
    broker.is_there = True
    wait_until(lambda: bells.breaker().allows())
    assert set(broker.rung) == {"email", "export", "cleanup"}
    assert bells.take_unrung() == set()
    bells.ring(["email"])
    assert broker.rung[-1] == "email"


def test_what_somebody_else_came_for_is_not_rung_again(broker: Broker) -> None:
    bells.ring(["email", "export"])
    assert bells.take_unrung() == {"email", "export"}
    broker.is_there = True
    wait_until(lambda: bells.breaker().allows())
    assert len(broker.rung) == 1
