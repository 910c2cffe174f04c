"""What is done with a mail: whether it is still wanted, handed over once, and remembered."""

from collections.abc import Callable
from datetime import datetime
from email.utils import parseaddr
from hashlib import sha256
from typing import Any, NamedTuple

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone
from mongoengine.errors import NotUniqueError

from apps.emails.addresses import Mailbox, read_mailbox
from apps.emails.composing import compose
from apps.emails.documents import SENDING, SENT, Dispatch
from apps.emails.errors import MailInDoubt, MailNotTaken, MailRefused
from apps.emails.events import PasswordForgotten
from apps.emails.letters import Context, Letter, Wanted, get_letter, read_context
from apps.emails.links import NotForReceiver, make_links
from apps.users.pages import MailWish
from apps.users.queries import find_mail_wish
from apps.users.services import set_preferences
from storychain.documents import unit_of_work
from storychain.events import publish

RESET_SECONDS = 300
MOST_COPIES = 3
log = structlog.get_logger(__name__)


class Receipt(NamedTuple):
    """What came of a mail; it has an id once it was handed over, or may have been."""

    is_sent: bool
    message_id: str | None = None


def deliver(
    *,
    job_id: str,
    to: str,
    subject: str,
    template: str,
    context: dict[str, Any],
    take_permit: Callable[[], None],
) -> Receipt:
    """Hand a mail over, unless that was done before or nobody wants it (any more).

    `take_permit` is called directly before. Raise MailRefused, or, where it can be tried again,
    MailNotTaken or MailInDoubt: one that may have been taken is repeated if its letter says so, up
    to MOST_COPIES.
    """
    letter, mailbox = get_letter(template), read_mailbox(to)
    dispatch = Dispatch.find(job_id=job_id)
    if dispatch and not (letter.is_repeated and _may_be_repeated(dispatch)):
        return _settle(dispatch)
    message = _compose(job_id, letter, mailbox, subject, context)
    if message is None:
        return Receipt(is_sent=False)
    take_permit()
    if dispatch:
        dispatch.repeat()
    else:
        dispatch = _begin(job_id, letter, mailbox, message)
    return _hand_over(dispatch, message)


def forget_password(*, staff_id: int, username: str, address: str, now: datetime) -> None:
    """Have the staff mailed a link to a new password; once in five minutes, however often asked."""
    window = int(now.timestamp()) // RESET_SECONDS
    _announce_forgotten(
        PasswordForgotten(
            staff_id=staff_id, username=username, address=address, request=f"{staff_id}:{window}"
        )
    )


@unit_of_work
def _announce_forgotten(event: PasswordForgotten) -> None:
    publish(event)


def stop_digests(*, user_id: str) -> None:
    """Let a member get no digests any more; one who is gone gets none anyway."""
    set_preferences(user_id=user_id, preferences={"digest": "never"})


def name_message(job_id: str) -> str:
    """Return the Message-ID of a job's mail, the same for each attempt."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    return f"<{sha256(job_id.encode()).hexdigest()[:32]}@{domain}>"


def _compose(
    job_id: str, letter: Letter, to: Mailbox, subject: str, context: dict[str, Any]
) -> EmailMultiAlternatives | None:
    """Return the message; None where it is not wanted, or its receiver is gone."""
    wish, told = find_mail_wish(email=to.address), read_context(letter, context)
    try:
        links = make_links(context=told, address=to.address, user_id=wish and wish.user_id)
    except NotForReceiver:
        links = None
    if links is None or _is_over(told) or not _is_wanted(letter, wish):
        log.info("a mail is not wanted", job_id=job_id, template=letter.name)
        return None
    return compose(
        letter=letter,
        to=to,
        subject=subject,
        context=told,
        links=links,
        message_id=name_message(job_id),
    )


def _is_wanted(letter: Letter, wish: MailWish | None) -> bool:
    if letter.wanted is Wanted.ALWAYS:
        return True
    if wish is None or not (wish.is_active and wish.email_notifications):
        return False
    return letter.wanted is Wanted.UNLESS_OFF or wish.digest != "never"


def _is_over(told: Context) -> bool:
    """Tell whether what a letter asks for has run out while it waited, or was dead."""
    ends = getattr(told, "expires_at", None)
    return ends is not None and ends <= timezone.now()


def _may_be_repeated(dispatch: Dispatch) -> bool:
    return dispatch.status == SENDING and dispatch.tries < MOST_COPIES


def _settle(dispatch: Dispatch) -> Receipt:
    """Say what came of a mail that is not sent (again)."""
    if dispatch.status == SENDING:
        dispatch.doubt()
        log.warning(
            "a mail is in doubt and not repeated",
            job_id=dispatch.job_id,
            template=dispatch.template,
            message_id=dispatch.message_id,
        )
    return Receipt(is_sent=dispatch.status == SENT, message_id=dispatch.message_id)


def _begin(job_id: str, letter: Letter, to: Mailbox, message: EmailMultiAlternatives) -> Dispatch:
    try:
        return Dispatch.begin(
            job_id=job_id,
            template=letter.name,
            to=to.address,
            message_id=message.extra_headers["Message-ID"],
            now=timezone.now(),
        )
    except NotUniqueError as error:  # the job was thought lost, and is in two workers' hands
        raise MailInDoubt("another worker has begun to send it") from error


def _hand_over(dispatch: Dispatch, message: EmailMultiAlternatives) -> Receipt:
    from apps.emails.transport import hand_over  # noqa: PLC0415 - services' clients cost the web

    try:
        service_id = hand_over(message)
    except (MailRefused, MailNotTaken):
        dispatch.drop()
        raise
    dispatch.complete(service_id=service_id, now=timezone.now())
    return Receipt(is_sent=True, message_id=dispatch.message_id)
