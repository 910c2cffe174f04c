"""The queues' figures for Prometheus: asked from the ledger whenever somebody looks."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from storychain.queues.alerts import KINDS, find_alerts
from storychain.queues.presence import worker_health
from storychain.queues.scripts import LedgerAway
from storychain.queues.stats import stats
from storychain.queues.topology import QUEUES

STATES = ("waiting", "active", "delayed", "dead")
ENDS = ("completed", "failed")


class QueueFigures(Collector):
    """Jobs, ages, run times, workers and alerts; nothing where the ledger does not answer."""

    def describe(self) -> Iterable[Metric]:
        """Say nothing: registering is not to ask the ledger."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Ask the ledger."""
        up = GaugeMetricFamily("storychain_queue_ledger_up", "Whether the queue Redis answers.")
        try:
            figures = [*_jobs(stats()), _workers(), _alerts()]
        except LedgerAway:
            figures = []
        up.add_metric([], bool(figures))
        yield from (up, *figures)


def _jobs(rows: list[dict[str, Any]]) -> Iterator[Metric]:
    jobs = GaugeMetricFamily("storychain_queue_jobs", "Jobs.", labels=["queue", "state"])
    ended = CounterMetricFamily(
        "storychain_queue_jobs_ended", "Jobs that ended.", labels=["queue", "state"]
    )
    run_time = GaugeMetricFamily(
        "storychain_queue_run_seconds",
        "Run times of the last five to ten minutes.",
        labels=["queue", "quantile"],
    )
    for row in rows:
        for state in STATES:
            jobs.add_metric([row["name"], state], row[state])
        for state in ENDS:
            ended.add_metric([row["name"], state], row[state])
        for quantile, seconds in row["run_time"].items():
            run_time.add_metric([row["name"], quantile], seconds)
    yield from (jobs, ended, run_time)
    yield _gauge(
        "storychain_queue_oldest_seconds",
        "How long the oldest waiting job has waited.",
        rows,
        "oldest_age",
    )
    yield _gauge(
        "storychain_queue_parked", "Waiting jobs whose lock another job holds.", rows, "parked"
    )
    yield _gauge("storychain_queue_rate", "Jobs that complete in a second.", rows, "rate")
    yield _gauge("storychain_queue_paused", "Whether no job may be claimed.", rows, "paused")


def _gauge(name: str, text: str, rows: list[dict[str, Any]], field: str) -> Metric:
    gauge = GaugeMetricFamily(name, text, labels=["queue"])
    for row in rows:
        gauge.add_metric([row["name"]], float(row[field]))
    return gauge


def _workers() -> Metric:
    running = Counter(row["queue"] for row in worker_health()["workers"] if row["running"])
    gauge = GaugeMetricFamily("storychain_queue_workers", "Workers that run.", labels=["queue"])
    for queue in QUEUES:
        gauge.add_metric([queue], running[queue])
    return gauge


def _alerts() -> Metric:
    raised = {(alert.queue, alert.kind) for alert in find_alerts()}
    gauge = GaugeMetricFamily(
        "storychain_queue_alert", "Whether somebody should look.", labels=["queue", "kind"]
    )
    for queue in QUEUES:
        for kind in KINDS:
            gauge.add_metric([queue, kind], (queue, kind) in raised)
    return gauge
