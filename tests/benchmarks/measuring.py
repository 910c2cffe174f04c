"""What a benchmark gives (cases), how they are measured (in turn), what comes out (figures)."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

Measure = Callable[[], float]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One figure: how to take it of ours and, where there is one, of a peer.

    `ours` and `peer` do the work once and return the figure in `unit`. A run fails where ours does
    worse than a peer to which it may not lose.
    """

    name: str
    unit: str
    better: Literal["higher", "lower"]
    ours: Measure
    peer: Measure | None = None
    peer_name: str = ""
    repeats: int = 5
    may_lose: bool = True


@dataclass(frozen=True, kw_only=True)
class Figure:
    """What was measured of a case: every single value, in order."""

    case: Case
    ours: list[float] = field(default_factory=list)
    peer: list[float] = field(default_factory=list)

    @property
    def is_taken(self) -> bool:
        """Whether there is a value of each side."""
        return bool(self.ours) and bool(self.peer or not self.case.peer)

    @property
    def ratio(self) -> float | None:
        """Ours by the peer's, medians; None without a peer."""
        return middle(self.ours) / middle(self.peer) if self.peer and middle(self.peer) else None

    @property
    def is_lost(self) -> bool:
        """Whether the peer does better, by the medians."""
        if not self.peer:
            return False
        ours, peer = middle(self.ours), middle(self.peer)
        return ours > peer if self.case.better == "lower" else ours < peer

    def as_row(self) -> dict[str, object]:
        """Return the figure as it is written to .bench/."""
        return {
            "case": self.case.name,
            "ours": round(middle(self.ours), 4),
            "spread": round(spread(self.ours), 4),
            "peer": round(middle(self.peer), 4) if self.peer else None,
            "peer_spread": round(spread(self.peer), 4) if self.peer else None,
            "ratio": round(self.ratio, 4) if self.ratio else None,
            "unit": self.case.unit,
            "better": self.case.better,
        }


def measure(figures: Sequence[Figure], *, tell: Callable[[Figure], None]) -> None:
    """Take every case in turn, ours and the peer's side by side, round after round.

    In turn, so that whatever else happens on the machine meets all alike; who begins alternates.
    `tell` hears of each value when it is there: a run may take an hour, or die.
    """
    for number in range(max((figure.case.repeats for figure in figures), default=0)):
        for figure in figures:
            if number < figure.case.repeats:
                _take(figure, peer_first=bool(number % 2))
                tell(figure)


def _take(figure: Figure, *, peer_first: bool) -> None:
    sides = [(figure.ours, figure.case.ours)]
    if figure.case.peer:
        sides.append((figure.peer, figure.case.peer))
    for values, take in reversed(sides) if peer_first else sides:
        values.append(take())


def middle(values: Sequence[float]) -> float:
    """Return the median."""
    return statistics.median(values)


def spread(values: Sequence[float]) -> float:
    """Return the distance from the smallest to the largest value, by the median."""
    return (max(values) - min(values)) / middle(values) if middle(values) else 0.0
