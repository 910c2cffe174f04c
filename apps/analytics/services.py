"""Writes events, and counts days. What is counted anew comes out equal.

Whoever sends events names what story he likes: days are kept only of those that there are.
"""

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Annotated, Any

import msgspec

from apps.analytics.documents import AnalyticsEvent, DailyStat
from apps.analytics.invalidation import DAYS
from apps.analytics.limits import MOST_SOURCES, NAME, SOURCE, VIEW
from apps.stories.documents import Story
from apps.stories.slugs import FORM
from storychain.cache.invalidation import bump

PLATFORM = "platform"
STEP = 100
Figures = dict[str, dict[str, Any]]


class TrackedEvent(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Something that somebody did, as the queue carries it; `id` is made where none is given."""

    event: Annotated[str, msgspec.Meta(pattern=NAME)]
    timestamp: Annotated[datetime, msgspec.Meta(tz=True)]
    user_id: str | None = msgspec.field(name="userId", default=None)
    properties: dict[str, Any] = msgspec.field(default_factory=dict)
    id: str = msgspec.field(default_factory=lambda: os.urandom(16).hex())


def record_events(events: Sequence[TrackedEvent]) -> None:
    """Store events; those that are there already stay.

    Raise Unavailable, or Unstorable if one of them cannot be stored: others of them may be.
    """
    AnalyticsEvent.record([_as_stored(event) for event in events])


def roll_up_day(*, day: date) -> None:
    """Count a UTC day's events, in all and for each story; done again, it comes out equal."""
    begins_at = datetime.combine(day, time(), UTC)
    span = {"occurred_at": {"$gte": begins_at, "$lt": begins_at + timedelta(days=1)}}
    figures: Figures = defaultdict(lambda: {"counts": {}, "people": {}})
    for kind, more in (("counts", {}), ("people", {"user_id": {"$gt": ""}})):
        for scope, event, count in _count({**span, **more}, kind):
            figures[scope][kind][event] = count
    for scope, sources in _count_sources(span).items():
        figures[scope]["sources"] = sources
    DailyStat.replace_day(date=day.isoformat(), found=figures)
    bump(DAYS)


def _count(wanted: dict[str, Any], kind: str) -> Iterator[tuple[str, str, int]]:
    """Yield (scope, event, how many) of events, or of the people behind them."""
    for scope, group in ((PLATFORM, None), ("story", "$story_slug")):
        found = wanted if group is None else {**wanted, "story_slug": {"$gt": ""}}
        rows = AnalyticsEvent.objects.aggregate(_pipeline(found, group, kind))
        for row in _of_stories(rows) if group else rows:
            named, event = row["_id"].get("of"), row["_id"]["event"]
            yield (f"{scope}:{named}" if group else scope), event, row["count"]


def _count_sources(span: dict[str, Any]) -> dict[str, list[tuple[str, int]]]:
    """Return by scope from where a story's views came, as far as that can be a name."""
    told = {**span, "event": VIEW, "story_slug": {"$gt": ""}, "properties.source": {"$gt": ""}}
    by_source = {"of": "$story_slug", "source": "$properties.source"}
    total = {"$group": {"_id": by_source, "count": {"$sum": 1}}}
    found: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for row in _of_stories(AnalyticsEvent.objects.aggregate([{"$match": told}, total])):
        source = row["_id"]["source"]
        # A list of texts is found by "$gt" as well, and whoever sends events chooses what he sends.
        if isinstance(source, str) and re.fullmatch(SOURCE, source):
            found[f"story:{row['_id']['of']}"].append((source, row["count"]))
    most = {s: sorted(rows, key=lambda row: (-row[1], row[0])) for s, rows in found.items()}
    return {scope: rows[:MOST_SOURCES] for scope, rows in most.items()}


def _of_stories(rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the rows whose story exists; of the others no more than a step is held."""
    left = iter(rows)
    while some := list(islice(left, STEP)):
        named = sorted({row["_id"]["of"] for row in some})
        there = {story.slug for story in Story.objects(slug__in=named).only("slug")}
        yield from (row for row in some if row["_id"]["of"] in there)


def _pipeline(found: dict[str, Any], group: str | None, kind: str) -> list[dict[str, Any]]:
    of = {"event": "$event", **({"of": group} if group else {})}
    total = {"$group": {"_id": of, "count": {"$sum": 1}}}
    if kind == "counts":
        return [{"$match": found}, total]
    by_person = {"$group": {"_id": {**of, "user": "$user_id"}}}
    again = {name: f"$_id.{name}" for name in of}
    return [{"$match": found}, by_person, {"$group": {"_id": again, "count": {"$sum": 1}}}]


def _as_stored(event: TrackedEvent) -> dict[str, Any]:
    slug = event.properties.get("story_slug")
    is_one = isinstance(slug, str) and re.fullmatch(FORM, slug)
    return {
        "_id": event.id,
        "event": event.event,
        "user_id": event.user_id,
        "story_slug": slug if is_one else None,
        "properties": event.properties,
        "occurred_at": event.timestamp,
    }
