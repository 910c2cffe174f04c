"""Which mails follow from what was announced."""

from collections.abc import Iterator
from typing import Any

import structlog
from django.conf import settings

from apps.collaboration.events import CollaboratorInvited
from apps.emails.addresses import LONGEST_LINE
from apps.emails.events import PasswordForgotten
from apps.emails.jobs import email_call
from apps.users.events import AddressLearned
from storychain.events import subscribes
from storychain.queues.jobs import JobCall
from storychain.queues.payloads import BadPayload

log = structlog.get_logger(__name__)


@subscribes(AddressLearned)
def welcome(event: AddressLearned) -> Iterator[JobCall]:
    """A member is welcomed once, as soon as there is an address."""
    yield from _mail(
        job_id=f"welcome:{event.user_id}",
        to=event.email,
        subject="Welcome to StoryChain",
        template="welcome",
        context={"username": event.username, "start_url": settings.APP_URL},
    )


@subscribes(CollaboratorInvited)
def invite(event: CollaboratorInvited) -> Iterator[JobCall]:
    """Whoever is asked into a story hears of it, once a day however often he is asked."""
    if event.address is None:
        return
    yield from _mail(
        job_id=f"invitation:{event.story_slug}:{event.user_id}:{event.invited_at:%Y-%m-%d}",
        to=event.address,
        subject=f"{event.inviter} invites you to write with them: {event.story_title}"[
            :LONGEST_LINE
        ],
        template="collaboration-invite",
        context={
            "inviter": event.inviter,
            "story_title": event.story_title,
            "role": event.role.replace("_", "-"),
            "invitation_url": f"{settings.APP_URL}/invitations",
            "expires_at": event.expires_at,
        },
    )


@subscribes(PasswordForgotten)
def help_out(event: PasswordForgotten) -> Iterator[JobCall]:
    """Whoever forgot a password gets a link; the link itself is made by the worker."""
    yield from _mail(
        job_id=f"password-reset:{event.request}",
        to=event.address,
        subject="A new password for StoryChain",
        template="password-reset",
        context={"username": event.username, "staff_id": event.staff_id},
    )


def _mail(**mail: Any) -> Iterator[JobCall]:
    """Yield the call; an address that no mail can go to must not undo what was announced."""
    try:
        yield email_call(**mail)
    except BadPayload as error:
        log.warning("no mail can be sent", job_id=mail["job_id"], why=error.detail)
