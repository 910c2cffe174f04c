"""Notifications that count: "12 people liked it" is one, and grows until it is read."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from mongoengine.errors import NotUniqueError

from apps.notifications.documents import Growth, Notification
from apps.notifications.kinds import compose
from apps.notifications.services import may_be_told
from storychain.documents import unit_of_work


class Count(NamedTuple):
    """What a group of notifications counts came to `total`, by `more`, when it was counted."""

    group: str
    total: int
    more: int
    counted_at: datetime


class _Told(NamedTuple):
    """To whom it is told, and what it is about."""

    user_id: str
    kind: str
    related: Mapping[str, Any]
    now: datetime


def deliver_count(
    *, count: Count, user_id: str, kind: str, related: Mapping[str, Any], now: datetime
) -> str | None:
    """Tell somebody of a count that has grown; return the notification that tells it.

    The last one of the group grows as long as it is not read; a new one counts from where that one
    ended. What was counted before the last one told is told already. None where there is nothing to
    tell, or he is not to be told (`may_be_told`).
    """
    if not may_be_told(user_id, kind, related):
        return None
    told = _Told(user_id, kind, related, now)
    count = count._replace(counted_at=_as_stored(count.counted_at))
    try:
        return _tell(count, told)
    except NotUniqueError:  # another began it a moment ago: now it grows
        return _tell(count, told)


@unit_of_work
def _tell(count: Count, told: _Told) -> str | None:
    last = Notification.find_last(count.group)
    if last and last.growth.counted_at >= count.counted_at:
        return str(last.notification_id)
    if last and not last.is_read:
        return _grow(last, count, told)
    return _begin(count, told, number=last.growth.number + 1 if last else 1)


def _grow(last: Notification, count: Count, told: _Told) -> str:
    come = count.total - last.growth.since
    if come > 0:  # else some have taken their votes back
        last.grow(**_say(come, told), counted_at=count.counted_at, now=told.now)
    return str(last.notification_id)


def _begin(count: Count, told: _Told, *, number: int) -> str:
    since = count.total - count.more
    begun = Notification.keep(
        **_say(count.more, told),
        user_id=told.user_id,
        type=told.kind,
        dedupe_key=f"{count.group}:{number}",
        growth=Growth(group=count.group, number=number, since=since, counted_at=count.counted_at),
        created_at=told.now,
    )
    return str(begun.notification_id)


def _as_stored(at: datetime) -> datetime:
    """Return a moment as MongoDB keeps it: in milliseconds."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def _say(come: int, told: _Told) -> dict[str, Any]:
    people = "1 person" if come == 1 else f"{come} people"
    said = compose(told.kind, **told.related, count=come, people=people)
    return {
        "title": said["title"],
        "message": said["message"],
        "action_url": said["actionUrl"],
        "related": said["metadata"],
    }
