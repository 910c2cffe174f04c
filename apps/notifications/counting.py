"""Notifications that count: "12 people liked it" is one, and grows until it is read."""

from collections.abc import Mapping
from copy import copy
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
    ended, or from less where votes were taken back. Two counts may come in either order, and the
    earlier one again: nothing is told twice, and nothing lost while the last one is not read. None
    where he is not to be told (`may_be_told`).
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
    if last is None:
        return _begin(_first(count), told)
    if not last.is_read:
        return _grow(last, _take_in(count, last.growth), told)
    if last.growth.counted_at < count.counted_at:
        return _begin(_next(count, last.growth), told)
    return str(last.notification_id)


def _grow(last: Notification, growth: Growth, told: _Told) -> str:
    if growth != last.growth and growth.total > growth.since:  # else some took their votes back
        last.grow(growth, **_say(growth.total - growth.since, told), now=told.now)
    return str(last.notification_id)


def _begin(growth: Growth, told: _Told) -> str:
    begun = Notification.keep(
        **_say(growth.total - growth.since, told),
        user_id=told.user_id,
        type=told.kind,
        dedupe_key=f"{growth.group}:{growth.number}",
        growth=growth,
        created_at=told.now,
    )
    return str(begun.notification_id)


def _first(count: Count) -> Growth:
    """Return the growth of a group's first notification, or of the first since all were cleared."""
    return Growth(
        group=count.group,
        number=1,
        since=count.total - count.more,
        total=count.total,
        counted_at=count.counted_at,
    )


def _next(count: Count, last: Growth) -> Growth:
    growth = _first(count)
    growth.number, growth.told_until = last.number + 1, last.counted_at
    if last.total is not None:  # what was counted between the two is told now
        growth.since = min(growth.since, last.total)
    return growth


def _take_in(count: Count, growth: Growth) -> Growth:
    """Return how far it has grown with another count, be that a later or an earlier one."""
    more = copy(growth)
    if count.counted_at > growth.counted_at:
        more.total, more.counted_at = count.total, count.counted_at
    elif not _was_told_before(count, growth):
        more.since = min(growth.since, count.total - count.more)
    return more


def _was_told_before(count: Count, growth: Growth) -> bool:
    """Tell whether the notification before this has told a count; so it is taken for older ones."""
    if growth.total is None or growth.number == 1:
        return growth.total is None
    return growth.told_until is None or count.counted_at <= growth.told_until


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
