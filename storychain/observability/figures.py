"""The figures that /health shows to everybody: the shape of the seed, filled or with zeros."""

from collections.abc import Callable
from typing import Any

import msgspec


class CacheFigures(msgspec.Struct, rename="camel"):
    """Hits and misses of all processes; `hitRate` as "93.7%", "0%" when idle."""

    connected: bool = False
    hits: int = 0
    misses: int = 0
    hit_rate: str = "0%"


class QueueFigures(msgspec.Struct):
    """Jobs of one queue by state."""

    name: str
    waiting: int = 0
    active: int = 0
    completed: int = 0
    failed: int = 0


class SchedulerFigures(msgspec.Struct, rename="camel"):
    """How many schedules are on, and when the next one is due (ISO 8601, UTC)."""

    registered_jobs: int = 0
    next_run: str | None = None


SHAPES: dict[str, tuple[Any, Callable[[], Any]]] = {
    "cache": (CacheFigures, CacheFigures),
    "queues": (list[QueueFigures], list),
    "scheduler": (SchedulerFigures, SchedulerFigures),
}


def read_figures(*, name: str, value: object) -> tuple[Any, bool]:
    """Return a section's public figures and whether `value` had them; None stands for no answer."""
    shape, empty = SHAPES[name]
    if value is None:
        return empty(), True
    try:
        return msgspec.convert(value, shape, strict=False), True
    except msgspec.ValidationError:
        return empty(), False
