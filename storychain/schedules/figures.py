"""The schedules' figures for Prometheus: read from SQL and the beats whenever somebody looks."""

from collections.abc import Iterable, Iterator

from django.db import DatabaseError, InterfaceError
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from storychain.queues.scripts import LedgerAway
from storychain.schedules.alerts import find_alerts
from storychain.schedules.clock import clock
from storychain.schedules.history import find_last_run
from storychain.schedules.leader import list_beats
from storychain.schedules.models import State
from storychain.schedules.rows import list_rows


class ScheduleFigures(Collector):
    """What is overdue or long, how the last runs went, and the beats' clocks."""

    def describe(self) -> Iterable[Metric]:
        """Say nothing: registering is not to ask SQL."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Ask; what does not answer is left out."""
        try:
            yield from _describe_schedules()
        except (DatabaseError, InterfaceError):
            return
        try:
            yield from _describe_beats()
        except LedgerAway:
            return


def _describe_schedules() -> list[Metric]:
    alert = GaugeMetricFamily(
        "storychain_schedule_alert",
        "1 where a schedule is overdue, or a run of it lasts too long.",
        labels=["schedule", "kind"],
    )
    ended_well = GaugeMetricFamily(
        "storychain_schedule_last_ok", "1 if the last run completed.", labels=["schedule"]
    )
    seconds = GaugeMetricFamily(
        "storychain_schedule_last_seconds", "How long the last run took.", labels=["schedule"]
    )
    rows = list_rows()
    raised = {(found.name, found.kind) for found in find_alerts(now=clock().now())}
    for row in rows:
        for kind in ("overdue", "long"):
            alert.add_metric([row.name, kind], float((row.name, kind) in raised))
        if last := find_last_run(row.name):
            ended_well.add_metric([row.name], float(last.state == State.COMPLETED))
            seconds.add_metric([row.name], last.duration or 0.0)
    return [alert, ended_well, seconds]


def _describe_beats() -> list[Metric]:
    skew = GaugeMetricFamily(
        "storychain_beat_clock_skew_seconds",
        "How far a beat's host is ahead of the queue Redis; more than 5 either way is wrong.",
        labels=["beat"],
    )
    leads = GaugeMetricFamily(
        "storychain_beat_leads", "1 for the beat that fires.", labels=["beat"]
    )
    for beat in list_beats():
        skew.add_metric([beat.name], beat.skew)
        leads.add_metric([beat.name], float(beat.leads))
    return [skew, leads]
