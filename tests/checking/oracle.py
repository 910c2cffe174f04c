"""What a reader may be shown: values only grow, so anything below the floor is from the past.

The floor of a row is its last acknowledged value, and the highest that any reader was shown: with
that the cache is held to more than it promises, namely that nobody sees time run backwards. Where
Redis loses a writer's intent before his END, the promise alone holds.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Floor:
    """What a row had come to when a reader began; `losses` counts the intents lost until then."""

    acknowledged: int = 0
    seen: int = 0
    losses: int = 0


@dataclass(frozen=True)
class Violation:
    """A row that was shown as it was before."""

    row: str
    floor: int
    shown: int
    reader: str


class Oracle:
    """Floors of rows, how many answers were held against them, and which were below."""

    def __init__(self) -> None:
        self.checked = 0
        self.violations: list[Violation] = []
        self._floors: defaultdict[str, Floor] = defaultdict(Floor)
        self._lost: set[str] = set()

    def acknowledge(self, row: str, value: int) -> None:
        """A writer was told that this is kept."""
        old = self._floors[row]
        self._floors[row] = Floor(max(old.acknowledged, value), old.seen, old.losses)

    def lose_intents(self, row: str) -> None:
        """Redis forgot that somebody is at work on this row."""
        old = self._floors[row]
        self._floors[row] = Floor(old.acknowledged, 0, old.losses + 1)
        self._lost.add(row)

    def has_lost(self, row: str) -> bool:
        """Tell whether Redis does not know of somebody who is at work on this row."""
        return row in self._lost

    def find_intents(self, row: str) -> None:
        """Nobody is at work on this row any more of whom Redis does not know."""
        self._lost.discard(row)

    def floors(self) -> dict[str, Floor]:
        """Return what a reader who begins now may at least expect, by row."""
        return dict(self._floors)

    def check(self, shown: Mapping[str, int], *, floors: Mapping[str, Floor], reader: str) -> None:
        """Hold an answer against the floors that its reader noted when he began."""
        for row, value in shown.items():
            self.checked += 1
            noted, now = floors.get(row, Floor()), self._floors[row]
            is_whole = noted.losses == now.losses and row not in self._lost
            floor = max(noted.acknowledged, noted.seen if is_whole else 0)
            if value < floor:
                self.violations.append(Violation(row, floor, value, reader))
            if is_whole:
                self._floors[row] = Floor(now.acknowledged, max(now.seen, value), now.losses)
