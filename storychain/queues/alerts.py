"""When somebody should look at a queue: it grows old, stands still, is slow, or has dead jobs."""

import logging
from collections.abc import Iterator
from typing import Any, NamedTuple

from storychain.queues.presence import worker_health
from storychain.queues.stats import stats
from storychain.queues.topology import QUEUES

UNATTENDED_SECONDS = 10
logger = logging.getLogger(__name__)


class Alert(NamedTuple):
    """Something to look at: `kind` is backlog, stalled, unattended, slow or dead."""

    queue: str
    kind: str
    detail: str


_raised: frozenset[tuple[str, str]] = frozenset()


def find_alerts() -> list[Alert]:
    """Return what is wrong now; raise LedgerAway if the ledger does not answer."""
    attended = {row["queue"] for row in worker_health()["workers"] if row["running"]}
    return [alert for row in stats() for alert in _judge(row, is_attended=row["name"] in attended)]


def log_alerts() -> None:
    """Write each alert to the log when it comes up, and when it is over."""
    global _raised  # noqa: PLW0603 - what this process has said
    found = {(alert.queue, alert.kind): alert for alert in find_alerts()}
    for alert in (found[name] for name in found.keys() - _raised):
        logger.warning("Queue %s, %s: %s", *alert)
    for queue, kind in _raised - found.keys():
        logger.warning("Queue %s, %s: over", queue, kind)
    _raised = frozenset(found)


def _judge(row: dict[str, Any], *, is_attended: bool) -> Iterator[Alert]:
    name, patience = row["name"], QUEUES[row["name"]].patience
    age, slow = row["oldest_age"], row["run_time"]["p95"]
    if age > UNATTENDED_SECONDS and not is_attended:
        yield Alert(name, "unattended", f"{row['waiting']} wait and no worker runs")
    elif age > patience.waiting and not row["paused"]:
        kind = "backlog" if row["active"] else "stalled"
        yield Alert(name, kind, f"{row['waiting']} wait, the oldest for {age:.0f} s")
    if slow > patience.running:
        yield Alert(name, "slow", f"one in twenty runs for {slow:.1f} s or longer")
    if row["dead"]:
        yield Alert(name, "dead", f"{row['dead']} dead jobs are to be replayed or discarded")
