"""What workers do where many are told the same: the payload in, one service call."""

from collections.abc import Sequence
from typing import Any

import msgspec
from django.utils import timezone

from apps.notifications import fanning, services
from apps.notifications.jobs import Message, Metadata, Place, Title
from apps.notifications.kinds import Type
from storychain import outbox
from storychain.documents import unit_of_work
from storychain.queues.jobs import JobCall, Priority, job
from storychain.queues.topology import NOTIFICATION

FROM_THE_START = fanning.Place()


class News(msgspec.Struct, frozen=True, kw_only=True):
    """What is told to many: all that `compose` returns."""

    type: Type
    title: Title
    message: Message
    actionUrl: Place  # noqa: N815 - the payload's names are the wire's
    metadata: Metadata


@job(queue=NOTIFICATION, name="notification.fan_out", attempts=8, priority=Priority.LOW)
def fan_out(
    *,
    cause: str,
    story_slug: str,
    person_id: str,
    news: News,
    audience: fanning.Audience = "story",
    after: str = "",
) -> int:
    """Have the next followers of a story, then of a person, told; returns how many they are.

    Safe to redeliver: each job that follows is named by its cause and by whom it begins with.
    What follows stands in the outbox, as it has no write of its own to be found by again.
    """
    place = fanning.Place(audience, after)
    step = fanning.take_step(story_slug=story_slug, person_id=person_id, place=place)
    calls = [_tell_call(group, cause=cause, audience=audience, news=news) for group in step.groups]
    if step.following:
        calls.append(
            fan_out_call(
                cause=cause,
                story_slug=story_slug,
                person_id=person_id,
                news=news,
                place=step.following,
            )
        )
    _keep_calls(calls)
    return sum(map(len, step.groups))


def fan_out_call(*, place: fanning.Place = FROM_THE_START, cause: str, **payload: Any) -> JobCall:
    """Return the call that has all followers told, or those behind a place; one for each cause."""
    key = f"fan:{cause}:{place.audience}:{place.after}"
    return fan_out.call(job_id=key, cause=cause, **place._asdict(), **payload)


@job(queue=NOTIFICATION, name="notification.deliver_many", attempts=8, priority=Priority.LOW)
def deliver_many(*, user_ids: list[str], cause: str, news: News) -> int:
    """Tell some people the same; returns how many were not told before.

    Safe to redeliver: cause and person are the notification's dedupe key.
    """
    return services.deliver_many(
        cause=cause,
        user_ids=user_ids,
        kind=news.type,
        title=news.title,
        message=news.message,
        action_url=news.actionUrl,
        related=news.metadata,
        now=timezone.now(),
    )


@unit_of_work
def _keep_calls(calls: Sequence[JobCall]) -> None:
    """Store what follows, so that a queue that loses everything loses nobody who is to be told."""
    for call in calls:
        outbox.add(kind=call.kind, payload=call.payload, row_id=call.row_id)


def _tell_call(user_ids: list[str], *, cause: str, audience: str, news: News) -> JobCall:
    key = f"notices:{cause}:{audience}:{user_ids[0]}"
    return deliver_many.call(job_id=key, user_ids=user_ids, cause=cause, news=news)
