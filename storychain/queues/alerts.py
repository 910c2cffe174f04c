"""When somebody should look at a queue, by the thresholds of QUEUE_ALERTS.

An alert is one line in the log when it comes up and one when it is over, and a gauge of Prometheus
that is 1 for as long as it lasts. What to do then: docs/runbooks/alerts.md.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import structlog
from django.conf import settings

from storychain.observability.alert_log import AlertLog
from storychain.queues.presence import worker_health
from storychain.queues.stats import stats

KINDS = ("backlog", "late", "stalled", "unattended", "slow", "dead")


class Alert(NamedTuple):
    """Something to look at: `kind` is one of KINDS."""

    queue: str
    kind: str
    detail: str


_told = AlertLog(structlog.get_logger(__name__), "queue alert", subject="queue")


def find_alerts() -> list[Alert]:
    """Return what is wrong now; raise LedgerAway if the ledger does not answer."""
    attended = {row["queue"] for row in worker_health()["workers"] if row["running"]}
    return [alert for row in stats() for alert in _judge(row, is_attended=row["name"] in attended)]


def log_alerts() -> None:
    """Write each alert to the log when it comes up, and when it is over."""
    _told.tell({(alert.queue, alert.kind): alert.detail for alert in find_alerts()})


def threshold_of(queue: str, kind: str) -> float:
    """Return what QUEUE_ALERTS says of a queue and a kind, else of the kind for all queues."""
    thresholds: dict[str, float] = settings.QUEUE_ALERTS
    return thresholds.get(f"{queue}.{kind}", thresholds[kind])


def _judge(row: dict[str, Any], *, is_attended: bool) -> Iterator[Alert]:
    name, waiting, age, slow = (
        row["name"],
        row["waiting"],
        row["oldest_age"],
        row["run_time"]["p95"],
    )
    if waiting > threshold_of(name, "backlog"):
        yield Alert(name, "backlog", f"{waiting} jobs wait")
    if age > threshold_of(name, "unattended") and not is_attended:
        yield Alert(name, "unattended", f"{waiting} jobs wait and no worker runs")
    elif age > threshold_of(name, "late") and not row["paused"]:
        kind = "late" if row["active"] else "stalled"
        yield Alert(name, kind, f"{waiting} jobs wait, the oldest for {age:.0f} s")
    if slow > threshold_of(name, "slow"):
        yield Alert(name, "slow", f"one in twenty runs for {slow:.1f} s or longer")
    if row["dead"] > threshold_of(name, "dead"):
        yield Alert(name, "dead", f"{row['dead']} dead jobs are to be replayed or discarded")
