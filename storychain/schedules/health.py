"""What the schedules show of themselves in /health."""

from typing import Any

from django.utils import timezone

from storychain.schedules.rows import list_rows
from storychain.schedules.slots import find_next_slot


def scheduler_health() -> dict[str, Any]:
    """Return how many schedules are switched on and when the first of them is due."""
    rows, now = list_rows(enabled=True), timezone.now()
    due = [slot for row in rows if (slot := find_next_slot(row, after=now))]
    return {"registeredJobs": len(rows), "nextRun": min(due).isoformat() if due else None}
