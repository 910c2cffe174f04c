"""A breaker opens at a failure, tries by itself, and closes when everything went well."""

from __future__ import annotations

import gc
import threading

import pytest

from storychain import breaker as module
from storychain.breaker import Breaker
from tests.waiting import wait_until


class Server:
    """Answers or does not; says who asked."""

    def __init__(self, *, answers: bool = True) -> None:
        self.answers = answers
        self.tries = 0
        self.askers: set[threading.Thread] = set()

    def reach(self) -> None:
        self.tries += 1
        self.askers.add(threading.current_thread())
        if not self.answers:
            raise ConnectionError


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STEP_SECONDS", 0.001)


def test_it_closes_by_itself_once_the_server_answers() -> None:
    server = Server(answers=False)
    breaker = Breaker("server", reach=server.reach)
    assert breaker.allows()
    breaker.fail()
    assert not breaker.allows()
    wait_until(lambda: server.tries > 2)
    assert not breaker.allows()
    server.answers = True
    wait_until(breaker.allows)
    assert threading.current_thread() not in server.askers
    assert len(server.askers) == 1


def test_it_opens_again() -> None:
    server = Server()
    breaker = Breaker("server", reach=server.reach)
    for tries in (1, 2):
        breaker.fail()
        wait_until(breaker.allows)
        assert server.tries == tries


def test_only_failures_in_a_row_count() -> None:
    breaker = Breaker("server", reach=Server(answers=False).reach, opens_at=2)
    breaker.fail()
    breaker.succeed()
    breaker.fail()
    assert breaker.allows()
    breaker.fail()
    assert not breaker.allows()


def test_an_answer_from_before_does_not_close_it() -> None:
    breaker = Breaker("server", reach=Server(answers=False).reach)
    breaker.fail()
    breaker.succeed()
    assert not breaker.allows()


def test_a_failure_while_it_is_about_to_close_keeps_it_open() -> None:
    breaker: Breaker
    looked_at = threading.Event()

    def reach() -> None:
        if threading.current_thread() is threading.main_thread():
            breaker.fail()
        else:
            looked_at.wait(10)

    breaker = Breaker("server", reach=reach, opens_at=2)
    breaker.fail()
    assert not breaker.try_to_close()
    assert not breaker.allows()
    looked_at.set()
    wait_until(breaker.allows)


def test_it_is_in_the_way_of_all_but_the_one_who_closes_it() -> None:
    seen: list[bool] = []
    breaker = Breaker("server", reach=lambda: seen.append(breaker.is_in_the_way()))
    assert not breaker.is_in_the_way()
    breaker._start_closing = threading.Thread  # type: ignore[method-assign]
    breaker.fail()
    assert breaker.is_in_the_way()
    breaker._closer = threading.current_thread()
    assert not breaker.is_in_the_way()


def test_nobody_tries_for_a_breaker_that_is_gone() -> None:
    server = Server(answers=False)
    breaker = Breaker("server", reach=server.reach)
    breaker.fail()
    wait_until(lambda: server.tries > 1)
    (closer,) = server.askers
    del breaker
    gc.collect()
    closer.join(5)
    assert not closer.is_alive()
