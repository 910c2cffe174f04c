"""What workers do for notifications: the payload in, one service call."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from django.utils import timezone
from msgspec import Meta

from apps.emails.jobs import email_call
from apps.notifications import counting, digests, services
from apps.notifications.kinds import Type
from apps.notifications.limits import MESSAGE_LENGTH, PLACE, TITLE_LENGTH, URL_LENGTH
from storychain.queues.jobs import JobCall, Priority, current, enqueue_many, job
from storychain.queues.topology import NOTIFICATION

Title = Annotated[str, Meta(min_length=1, max_length=TITLE_LENGTH)]
Message = Annotated[str, Meta(min_length=1, max_length=MESSAGE_LENGTH)]
Place = Annotated[str, Meta(max_length=URL_LENGTH, pattern=PLACE)]
Name = Annotated[str, Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,39}$")]
Metadata = dict[Name, str | int | float | bool | None]


class DeliverResult(msgspec.Struct, frozen=True, rename="camel"):
    """Whether somebody was told, and as which notification; he may want none, or be gone."""

    delivered: bool
    notification_id: str | None = None


@job(queue=NOTIFICATION, name="notification.deliver")
def deliver(
    *,
    userId: str,  # noqa: N803 - the payload's names are the wire's
    type: Type,  # noqa: A002 - as above
    title: Title,
    message: Message,
    actionUrl: Place | None = None,  # noqa: N803 - as above
    metadata: Metadata | None = None,
) -> DeliverResult:
    """Tell somebody something.

    Safe to redeliver: the job's id is the notification's dedupe key.
    """
    kept = services.deliver(
        dedupe_key=current().id,
        user_id=userId,
        kind=type,
        title=title,
        message=message,
        action_url=actionUrl,
        related=metadata or {},
        now=timezone.now(),
    )
    return DeliverResult(delivered=kept is not None, notification_id=kept)


@job(queue=NOTIFICATION, name="notification.deliver_count")
def deliver_count(
    *,
    user_id: str,
    kind: Type,
    group: str,
    total: int,
    more: int,
    counted_at: datetime,
    related: Metadata,
) -> str | None:
    """Tell somebody that a count of his has grown; returns the notification, if there is one.

    Safe to redeliver: what was counted before the notification was told last is told.
    """
    count = counting.Count(group, total, more, counted_at)
    return counting.deliver_count(
        count=count, user_id=user_id, kind=kind, related=related, now=timezone.now()
    )


def send_notification(
    *,
    user_id: str,
    type: str,  # noqa: A002 - the seed's name
    title: str,
    message: str,
    action_url: str | None = None,
    metadata: Metadata | None = None,
    job_id: str | None = None,
) -> str:
    """Have somebody told, and return the job's id; the same `job_id` again is told once.

    Raise BadPayload, or LedgerAway. What belongs to a write is announced as an event instead.
    """
    return deliver.enqueue(
        job_id=job_id,
        userId=user_id,
        type=type,
        title=title,
        message=message,
        actionUrl=action_url,
        metadata=metadata,
    )


@job(queue=NOTIFICATION, name="notification.send_digests", exclusive="all", priority=Priority.LOW)
def send_digests() -> int:
    """Have a digest made for everyone who is due for one at this slot; returns for how many.

    Safe to redeliver: a person's digest is one job a day, or week, and a round is closed when all
    are asked for.
    """
    run, asked = current(), 0
    for due in digests.list_due(due_at=run.due_at):
        for ids in digests.walk_readers(period=due.period):
            enqueue_many(_digest_call(one, due) for one in ids)
            asked += len(ids)
            run.progress(asked, asked)
        digests.close_round(due)
    return asked


@job(queue=NOTIFICATION, name="notification.digest", priority=Priority.LOW)
def make_digest(
    *,
    user_id: str,
    period: Literal["daily", "weekly"],
    until: datetime,
    since: datetime | None = None,  # older payloads have none
) -> str | None:
    """Gather what somebody has not read and have it mailed; returns the mail's job, if any.

    Safe to redeliver: the mail's job is named by this one.
    """
    begun_at = since or until - digests.PERIODS[period]
    digest = digests.gather_digest(user_id=user_id, period=period, since=begun_at, until=until)
    if digest is None:
        return None
    call = email_call(
        to=digest.to,
        subject=digest.subject,
        template="notification-digest",
        context=digest.context,
        job_id=f"mail:{current().id}",
    )
    return enqueue_many([call])[0]


def _digest_call(user_id: str, due: digests.Round) -> JobCall:
    return make_digest.call(
        job_id=f"digest:{due.name}:{user_id}",
        user_id=user_id,
        period=due.period,
        since=due.since,
        until=due.until,
    )
