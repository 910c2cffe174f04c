"""What somebody has not read for a day or a week, gathered into one e-mail.

A period has one round of digests: that of the first slot in a day or an ISO week (UTC), whichever
slot that is. A round begins where the one before has ended, so a slot that is missed loses nothing;
but by two periods at most, as nobody wants to read of a month.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.utils.text import Truncator

from apps.emails.addresses import can_be_mailed
from apps.notifications.documents import DigestRound, Notification
from apps.notifications.showing import Reading, read_today
from apps.users.queries import find_address, list_digest_readers

PERIODS = {"daily": timedelta(days=1), "weekly": timedelta(days=7)}
NAMES = {"daily": "%Y-%m-%d", "weekly": "%G-W%V"}
STEP = 100
MOST_SHOWN = 20
LONGEST_SHOWN = 280  # of a message: so many in whatever script are fewer bytes than a job may carry


class Digest(NamedTuple):
    """An e-mail to be: whom it goes to, and what its template is given."""

    to: str
    subject: str
    context: dict[str, Any]


class Round(NamedTuple):
    """The digests of one period that are due: what was told since then, until then."""

    period: str
    since: datetime
    until: datetime

    @property
    def name(self) -> str:
        """Return which day or week it is of; a reader has one digest a name."""
        return _name(self.period, self.until)


def list_due(*, due_at: datetime) -> list[Round]:
    """Return the rounds that are due at a slot, and were not closed at one before."""
    return [found for period in PERIODS if (found := _find_due(period, due_at))]


def close_round(done: Round) -> None:
    """Note that all digests of a round are asked for."""
    DigestRound.close(done.period, until=done.until)


def walk_readers(*, period: str) -> Iterator[list[str]]:
    """Yield who wants digests of this period, STEP at a time."""
    after = ""
    while ids := list_digest_readers(digest=period, after=after, limit=STEP):
        yield ids
        after = ids[-1]


def gather_digest(*, user_id: str, period: str, since: datetime, until: datetime) -> Digest | None:
    """Return what somebody was told in this time and has not read.

    The newest MOST_SHOWN, long ones cut, but for those about what he may not see now, and how many
    there are; None if there are none to show, or if he takes no mail
    (`apps.users.queries.find_address`), or none can go to his address.
    """
    address = find_address(user_id=user_id)
    span = {"created_at__gte": since, "created_at__lt": until}
    unread = Notification.objects(user_id=user_id, is_read=False, **span)
    newest = list(unread.order_by("-created_at", "-notification_id").limit(MOST_SHOWN))
    shown = [one for one in read_today(newest, user_id=user_id) if not one.is_hidden]
    if address is None or not shown or not can_be_mailed(address.email):
        return None
    count = unread.count()
    context = {
        "username": address.username,
        "period": period,
        "items": [_show(one) for one in shown],
        "more": count - len(shown),
    }
    what = "notification" if count == 1 else "notifications"
    return Digest(address.email, f"{count} unread {what}", context)


def _find_due(period: str, due_at: datetime) -> Round | None:
    last, length = DigestRound.find_until(period), PERIODS[period]
    if last is None:
        return Round(period, due_at - length, due_at)
    if due_at <= last or _name(period, due_at) == _name(period, last):
        return None
    return Round(period, max(last, due_at - 2 * length), due_at)


def _name(period: str, at: datetime) -> str:
    return at.astimezone(UTC).strftime(NAMES[period])


def _show(one: Reading) -> dict[str, str]:
    """Return what the letter shows; it takes no control characters, and every link is whole."""
    title = "".join(c if c.isprintable() else " " for c in one.title)
    message = Truncator(one.message.replace("\0", "")).chars(LONGEST_SHOWN)
    shown = {"title": title, "message": message}
    if one.action_url:
        place = one.action_url
        shown["url"] = settings.APP_URL + place if place.startswith("/") else place
    return shown
