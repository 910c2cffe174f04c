"""Threads of a drain: who waits has said so to the ledger; what breaks one leaves nothing held."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from storychain.queues.drain import Drain
from storychain.queues.hands import Hands
from storychain.queues.running import Run
from storychain.queues.wire import Claimed, Outcome


class Scene:
    """What happened so far."""

    def __init__(self) -> None:
        self.lingers, self.asks, self.woken = (threading.Event() for _ in range(3))


class IdleHands(Hands):
    """Hands at an empty queue; who asks without registering is answered after the other woke."""

    def __init__(self, scene: Scene) -> None:
        self._scene, self.registered = scene, False
        self._runs, self._slots = {}, 5

    def take(self, *, linger_seconds: float = 0, **_: object) -> list[Run]:
        self.registered = linger_seconds > 0
        if not self.registered:
            self._scene.asks.set()
            assert self._scene.woken.wait(10)
        return []

    def leave(self, outcomes: Sequence[Outcome] = ()) -> None:
        """Nobody is to be rung for."""


class WatchedDrain(Drain):
    """Tells when somebody begins to linger, and when he ends."""

    scene: Scene

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        if name == "_is_lingering" and hasattr(self, "scene"):
            (self.scene.lingers if value else self.scene.woken).set()


def test_a_thread_that_did_not_register_does_not_linger(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One lingers, and is woken just while another asks without registering."""
    scene, waits = Scene(), []
    hands = IdleHands(scene)
    drain = WatchedDrain(queue="email", slots=5, hands=hands, stopping=threading.Event())
    drain.scene, drain._ends_at = scene, float("inf")

    def wait_for_token(_: str) -> None:
        waits.append(hands.registered)
        if len(waits) > 1:
            drain._ends_at = 0
        else:
            assert scene.asks.wait(10)

    monkeypatch.setattr("storychain.queues.lingering.wait_for_token", wait_for_token)
    lingerer = threading.Thread(target=drain._next)
    lingerer.start()
    assert scene.lingers.wait(10)
    drain._next()
    lingerer.join()
    assert waits == [True, True]


class FullHands(IdleHands):
    """Hands that get three jobs at the first bell, and one at each later one."""

    def __init__(self) -> None:
        super().__init__(Scene())
        self.let_go_of: list[str] = []
        self._next = iter(("abc", "d", "e"))

    def take(self, **_: object) -> list[Run]:
        return [_run(name) for name in next(self._next, "")]

    def let_go(self, job_ids: Sequence[str]) -> None:
        self.let_go_of += job_ids


def test_a_thread_that_breaks_lets_go_of_all_and_the_next_bell_is_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who cannot be kept is not renewed for ever: its lease ends, and another takes it."""
    performed: list[str] = []

    def perform(runs: list[Run]) -> list[Outcome]:
        performed.extend(run.id for run in runs)
        if "d" not in performed:
            raise RuntimeError("not a job's own error")
        stopping.set()
        return []

    monkeypatch.setattr("storychain.queues.drain.perform_together", perform)
    hands, stopping = FullHands(), threading.Event()
    drain = Drain(queue="email", slots=1, hands=hands, stopping=stopping)
    drain.answer()
    drain.wait()
    assert sorted(hands.let_go_of) == ["a", "b", "c"]
    drain.answer()
    drain.wait()
    assert performed[-1] == "d"


def _run(name: str) -> Run:
    return Run(queue="email", claimed=Claimed(name, 1, 1, ""))
