"""A probe that an operator leaves running: it writes, reads, and tells when it was shown the past.

Each probe has one document. It counts it up through the base Document, and then reads the page of
every probe's document through a region: its own must show what it has just written, another's
never less than it showed before. What it found is in the document, for /metrics.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from mongoengine import fields
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from pymongo.errors import PyMongoError

from storychain.cache.invalidation import invalidates
from storychain.cache.keys import build_key
from storychain.cache.region import Region
from storychain.cache.tags import Tag, tag
from storychain.cache.ttl import TTL
from storychain.documents import Change, Document, StringField, unit_of_work
from storychain.errors import NotFound

TTL["CACHE_PROBE"] = 300
FORGOTTEN = timedelta(days=1)


class Probe(Document):
    """What one probe has written and found; `value` only grows."""

    name = StringField(primary_key=True)
    value = fields.IntField(default=0)
    reads = fields.IntField(default=0)
    violations = fields.IntField(default=0)
    at = fields.DateTimeField(required=True)

    meta = {"collection": "cache_probes", "indexes": ["at"]}


def probe_tag(name: str) -> Tag:
    """The page of this probe."""
    return tag("probe", name)


@invalidates(Probe)
def probe_changed(change: Change[Probe]) -> Iterator[Tag]:
    """Every write counts the value up."""
    yield probe_tag(change.document.name)


PAGES: Region[int] = Region("cache.probe", ttl="CACHE_PROBE", type=int, reads=("cache_probes",))


@dataclass
class Prober:
    """One probe: what it was shown last of each document, how often it looked, what was wrong."""

    name: str
    reads: int = 0
    violations: list[str] = field(default_factory=list)
    _floors: dict[str, int] = field(default_factory=dict)

    def probe(self) -> list[str]:
        """Write once and read everything; return what was shown as it was before.

        Raise Unavailable or a PyMongoError when MongoDB does not answer.
        """
        self._floors[self.name] = self._write()
        wrong = [line for name in sorted(self._floors) if (line := self._look(name))]
        for other in _recent():
            self._floors.setdefault(other.name, 0)
        self.violations += wrong
        return wrong

    @unit_of_work
    def _write(self) -> int:
        mine = Probe.objects(name=self.name).first() or Probe(name=self.name)
        mine.value += 1
        mine.reads, mine.violations = self.reads, len(self.violations)
        mine.at = datetime.now(UTC)
        mine.save()
        Probe.objects(at__lt=mine.at - FORGOTTEN).delete()
        return int(mine.value)

    def _look(self, name: str) -> str | None:
        """Read a page; return what is wrong with it."""
        floor, shown = self._floors[name], _shown(name)
        self.reads += 1
        if shown is None:  # somebody else's, and forgotten
            return f"{name} was to be {floor} and is gone" if name == self.name else None
        self._floors[name] = max(floor, shown)
        return f"{name} was {floor} and is shown as {shown}" if shown < floor else None


def _recent() -> list[Probe]:
    return list(Probe.objects(at__gte=datetime.now(UTC) - FORGOTTEN))


def _recent_if_known() -> list[Probe]:
    try:
        return _recent()
    except PyMongoError:
        return []


def _shown(name: str) -> int | None:
    """Return a probe's value through the cache; None if there is none of this name."""
    key = build_key("cache", "probe", name=name)
    try:
        return PAGES.get_or_load(key, tags=[probe_tag(name)], load=lambda: _load(name)).value
    except NotFound:
        return None


def _load(name: str) -> int:
    probe = Probe.objects(name=name).first()
    if probe is None:
        raise NotFound(f"There is no probe {name}.")
    return int(probe.value)


class ProbeFigures(Collector):
    """What the probes of the last day have found, for Prometheus."""

    def collect(self) -> Iterator[Metric]:
        """Yield reads and violations by probe, and how long ago each wrote."""
        reads = CounterMetricFamily("storychain_cache_probe_reads", "Pages read.", labels=["probe"])
        wrong = CounterMetricFamily(
            "storychain_cache_probe_violations", "Pages shown as before.", labels=["probe"]
        )
        age = GaugeMetricFamily(
            "storychain_cache_probe_age_seconds", "Seconds since its last write.", labels=["probe"]
        )
        for probe in _recent_if_known():
            reads.add_metric([probe.name], probe.reads)
            wrong.add_metric([probe.name], probe.violations)
            age.add_metric([probe.name], (datetime.now(UTC) - probe.at).total_seconds())
        yield from (reads, wrong, age)

    def describe(self) -> Iterator[Metric]:
        """Ask nothing of a server at start-up."""
        return iter(())
