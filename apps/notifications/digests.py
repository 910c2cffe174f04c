"""What somebody has not read for a day or a week, gathered into one e-mail."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.utils.text import Truncator

from apps.notifications.documents import Notification
from apps.users.queries import find_address, list_digest_readers

PERIODS = {"daily": timedelta(days=1), "weekly": timedelta(days=7)}
MONDAY = 0
STEP = 100
MOST_SHOWN = 20
LONGEST_SHOWN = 280  # of a message: so many in whatever script are fewer bytes than a job may carry


class Digest(NamedTuple):
    """An e-mail to be: whom it goes to, and what its template is given."""

    to: str
    subject: str
    context: dict[str, Any]


def walk_readers(*, due_at: datetime) -> Iterator[tuple[str, list[str]]]:
    """Yield whose digest is due, by its period and STEP at a time; weekly ones on Mondays (UTC)."""
    for period in PERIODS:
        if period == "weekly" and due_at.weekday() != MONDAY:
            continue
        after = ""
        while ids := list_digest_readers(digest=period, after=after, limit=STEP):
            yield period, ids
            after = ids[-1]


def gather_digest(*, user_id: str, period: str, until: datetime) -> Digest | None:
    """Return what somebody was told in the period before `until` and has not read.

    The newest MOST_SHOWN, long ones cut, and how many there are; None if there are none, or if he
    takes no mail (`apps.users.queries.find_address`).
    """
    address = find_address(user_id=user_id)
    span = {"created_at__gte": until - PERIODS[period], "created_at__lt": until}
    unread = Notification.objects(user_id=user_id, is_read=False, **span)
    newest = list(unread.order_by("-created_at", "-notification_id").limit(MOST_SHOWN))
    if address is None or not newest:
        return None
    count = unread.count()
    context = {
        "username": address.username,
        "period": period,
        "items": [_show(row) for row in newest],
        "more": count - len(newest),
    }
    what = "notification" if count == 1 else "notifications"
    return Digest(address.email, f"{count} unread {what}", context)


def _show(row: Notification) -> dict[str, str]:
    """Return what the letter shows; it takes no control characters, and every link is whole."""
    title = "".join(c if c.isprintable() else " " for c in row.title)
    message = Truncator(row.message.replace("\0", "")).chars(LONGEST_SHOWN)
    shown = {"title": title, "message": message}
    if row.action_url:
        place = row.action_url
        shown["url"] = settings.APP_URL + place if place.startswith("/") else place
    return shown
