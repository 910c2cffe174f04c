"""Two calls measured in turn."""

import os
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from tests.benchmarks.measuring import Case

# A part of the full size, to see that it runs: SCALE=0.01.
SCALE = float(os.environ.get("SCALE", "1"))
CALLS = int(2_000 * SCALE) or 1


class Pair:
    """Ours and a peer's figure that are measured in one go, so that all else meets both alike."""

    def __init__(self, run: Callable[[], tuple[float, float]]) -> None:
        self._run = run
        self._left: dict[int, float] = {}

    def as_case(self, name: str, *, peer_name: str, repeats: int) -> Case:
        return Case(
            name=name,
            unit="us",
            better="lower",
            ours=partial(self._take, 0),
            peer=partial(self._take, 1),
            peer_name=peer_name,
            repeats=repeats,
        )

    def _take(self, side: int) -> float:
        if side not in self._left:
            self._left = dict(enumerate(self._run()))
        return self._left.pop(side)


def in_turn(ours: Callable[[], Any], peer: Callable[[], Any]) -> tuple[float, float]:
    """Call the two in turn and return the median of each, in us."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(CALLS):
        for call, found in zip((ours, peer), times, strict=True):
            started = time.perf_counter()
            call()
            found.append((time.perf_counter() - started) * 1e6)
    return statistics.median(times[0]), statistics.median(times[1])
