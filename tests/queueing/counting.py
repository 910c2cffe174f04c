"""What can be counted after a fault: jobs by state in the ledger, effects outside of it."""

from pathlib import Path
from typing import Any

from storychain.queues.stats import stats

STATES = ("waiting", "active", "delayed", "dead", "completed", "failed")


def row(queue: str = "notification") -> dict[str, Any]:
    """Return the stats of one queue."""
    return next(row for row in stats() if row["name"] == queue)


def count_all(queue: str = "notification") -> int:
    """Return how many jobs a queue has had, wherever they are now."""
    found = row(queue)
    return sum(found[state] for state in STATES)


def lines(path: str | Path) -> list[str]:
    """Return the traces in a file; none if there is none."""
    return Path(path).read_text().splitlines() if Path(path).exists() else []


def effects(folder: Path) -> set[str]:
    """Return the effects of `leave_once` in a folder."""
    return {path.name for path in folder.iterdir()}


def runs(folder: Path) -> list[str]:
    """Return the texts of all runs of `leave_once`, those that changed nothing too."""
    return lines(f"{folder}.runs")
