"""One call for all who ask at the same time, and nobody waits longer than he said."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from storychain.observability.shared_call import SharedCall


class Part:
    """A part that counts its calls and answers when it may."""

    def __init__(self) -> None:
        self.calls = 0
        self.error: Exception | None = None
        self.may_answer = threading.Event()
        self.may_answer.set()

    def __call__(self) -> int:
        self.calls += 1
        self.may_answer.wait(10)
        if self.error:
            raise self.error
        return self.calls


def test_a_young_outcome_is_shared_and_an_old_one_is_not() -> None:
    part = Part()
    call = SharedCall(part)
    assert [call.result(max_age=60, patience=5) for _ in range(3)] == [1, 1, 1]
    assert call.result(max_age=0, patience=5) == 2


def test_errors_are_shared_too() -> None:
    part = Part()
    part.error = OSError("gone")
    call = SharedCall(part)
    for _ in range(3):
        with pytest.raises(OSError, match="gone"):
            call.result(max_age=60, patience=5)
    assert part.calls == 1


def test_whoever_comes_during_a_call_waits_for_it() -> None:
    part = Part()
    part.may_answer.clear()
    call = SharedCall(part)
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(call.result, max_age=0, patience=5) for _ in range(8)]
        while not part.calls:
            time.sleep(0.001)
        part.may_answer.set()
        assert {found.result() for found in waiting} <= {1, 2, 3}


def test_a_call_that_hangs_is_neither_waited_for_nor_repeated() -> None:
    part = Part()
    part.may_answer.clear()
    call = SharedCall(part)
    started = time.monotonic()
    for _ in range(50):
        with pytest.raises(TimeoutError):
            call.result(max_age=0, patience=0.1)
    assert time.monotonic() - started < 1
    assert part.calls == 1
    part.may_answer.set()
    assert call.result(max_age=60, patience=5) == 1


def test_start_waits_for_nothing() -> None:
    part = Part()
    part.may_answer.clear()
    call = SharedCall(part)
    call.start(max_age=0)
    part.may_answer.set()
    assert call.result(max_age=60, patience=5) == 1
