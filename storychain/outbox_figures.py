"""What the relay has to do, for Prometheus: asked from MongoDB whenever somebody looks."""

from collections.abc import Iterable, Iterator

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from pymongo.errors import PyMongoError

from storychain import counters, outbox


class OutboxFigures(Collector):
    """The outbox' rows, how long the oldest is overdue, and counts; nothing without MongoDB."""

    def describe(self) -> Iterable[Metric]:
        """Say nothing: registering is not to ask MongoDB."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Ask MongoDB."""
        try:
            depth, pending = outbox.depth(), counters.count_pending()
        except PyMongoError:
            return
        yield GaugeMetricFamily(
            "storychain_outbox_rows", "Rows not completed yet.", value=depth["rows"]
        )
        yield GaugeMetricFamily(
            "storychain_outbox_overdue_seconds",
            "How long ago the row that waits longest was to be offered.",
            value=depth["overdue_seconds"],
        )
        yield GaugeMetricFamily(
            "storychain_pending_counts", "Votes and the like not settled yet.", value=pending
        )
