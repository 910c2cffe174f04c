"""The queues' figures for Prometheus: asked from the ledger whenever somebody looks."""

from collections.abc import Iterable, Iterator

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from storychain.queues.scripts import LedgerAway
from storychain.queues.stats import stats

STATES = ("waiting", "active", "delayed", "dead")
ENDS = ("completed", "failed")


class QueueFigures(Collector):
    """Jobs by state, jobs that ended, ages, run times; nothing where the ledger does not answer."""

    def describe(self) -> Iterable[Metric]:
        """Say nothing: registering is not to ask the ledger."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Ask the ledger."""
        jobs = GaugeMetricFamily("storychain_queue_jobs", "Jobs.", labels=["queue", "state"])
        ended = CounterMetricFamily(
            "storychain_queue_jobs_ended", "Jobs that ended.", labels=["queue", "state"]
        )
        oldest = GaugeMetricFamily(
            "storychain_queue_oldest_seconds", "Age of the oldest waiting job.", labels=["queue"]
        )
        run_time = GaugeMetricFamily(
            "storychain_queue_run_seconds", "Run times.", labels=["queue", "quantile"]
        )
        try:
            rows = stats()
        except LedgerAway:
            return
        for row in rows:
            name = row["name"]
            for state in STATES:
                jobs.add_metric([name, state], row[state])
            for state in ENDS:
                ended.add_metric([name, state], row[state])
            oldest.add_metric([name], row["oldest_age"])
            for quantile, seconds in row["run_time"].items():
                run_time.add_metric([name, quantile], seconds)
        yield from (jobs, ended, oldest, run_time)
