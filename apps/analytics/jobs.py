"""What workers do for analytics: the payload in, one service call."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
from django.utils import timezone

from apps.analytics import services, trending
from apps.analytics.limits import RECOUNTED
from apps.analytics.services import TrackedEvent
from apps.stories import lists
from storychain.api.pagination import DEFAULT_LIMIT
from storychain.bulk import Unstorable
from storychain.queues.jobs import PermanentError, current, enqueue_many, job
from storychain.queues.topology import ANALYTICS

LATE = timedelta(days=1)  # events may come as late as that (limits.OLDEST), after their day's count


class Recorded(msgspec.Struct, frozen=True):
    """The event is stored, by this run or by one before."""

    recorded: bool = True


# Eight attempts outlast an outage of two minutes; what is dead then waits to be replayed.
@job(queue=ANALYTICS, name="analytics.record", attempts=8, batch=500)
def record(events: list[TrackedEvent]) -> list[Recorded]:
    """Store events in one write.

    Safe to redeliver: an event has an id of its own.
    """
    try:
        services.record_events(events)
    except Unstorable as reason:
        raise PermanentError(reason.detail) from reason
    return [Recorded()] * len(events)


def track_analytics(
    *,
    event: str,
    user_id: str | None = None,
    properties: Mapping[str, Any] | None = None,
    timestamp: datetime | None = None,
) -> str:
    """Have something recorded that somebody did; return the job's id.

    Raise BadPayload, or LedgerAway if the ledger does not answer.
    """
    told = {"event": event, "properties": dict(properties or {}), "timestamp": timestamp}
    return track_all([told], user_id=user_id, now=timezone.now())[0]


def track_all(
    events: Sequence[Mapping[str, Any]], *, user_id: str | None, now: datetime
) -> list[str]:
    """Have events recorded in one step, all or none; return the jobs' ids.

    Each has an `event`, and may have `properties`, a `timestamp` and an `id` that its sender gave
    it: the same sender's same id is one event. Raise as `track_analytics` does.
    """
    sender = user_id or "anonymous"
    ids = ({"id": f"{sender}:{told['id']}"} if "id" in told else {} for told in events)
    return enqueue_many(
        record.call(
            event=told["event"],
            userId=user_id,
            properties=told.get("properties", {}),
            timestamp=told.get("timestamp") or now,
            **named,
        )
        for told, named in zip(events, ids, strict=True)
    )


@job(queue=ANALYTICS, name="analytics.roll_up", key="{day}")
def roll_up(*, day: date | None = None) -> list[date]:
    """Count a UTC day; without one the day before the schedule's slot, and the day before that.

    So events count that came a day late. Safe to redeliver: a day counted again comes out equal.
    Raise PermanentError for a day whose events may be cleared away (RECOUNTED).
    """
    days = [day] if day else _days_before(current().slot)
    if min(days) < timezone.now().date() - RECOUNTED:
        raise PermanentError(f"Events of {min(days)} may be gone; what it came to stays as it is.")
    for one in days:
        services.roll_up_day(day=one)
    return days


@job(
    queue=ANALYTICS,
    name="analytics.refresh_trending",
    key="trending",
    exclusive="trending",
)
def refresh_trending() -> int:
    """Score all listed stories and lay the list's first page ready; return how many have changed.

    Safe to redeliver: a score is what it is.
    """
    changed = trending.refresh_trending(now=timezone.now(), check=current().check)
    lists.list_trending(limit=DEFAULT_LIMIT, cursor=None)
    return changed


def _days_before(slot: str | None) -> list[date]:
    at = datetime.fromisoformat(slot) if slot else timezone.now()
    yesterday = at.astimezone(UTC).date() - timedelta(days=1)
    return [yesterday - LATE, yesterday]
