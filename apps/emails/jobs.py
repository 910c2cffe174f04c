"""What workers do for mails, and how to ask for one.

send_email(to="ada@example.org", subject="Welcome", template="welcome", context={...})   # now
yield email_call(...)                # from a subscription: with the write, by the outbox
"""

from typing import Any

import msgspec
from django.utils.functional import Promise

from apps.emails import services
from apps.emails.addresses import check_subject, read_mailbox
from apps.emails.errors import MailRefused
from apps.emails.letters import get_letter, read_context
from storychain.queues.jobs import JobCall, PermanentError, current, enqueue_many, job
from storychain.queues.topology import EMAIL

ATTEMPTS = 8
"""With the back-off between them two minutes: a mail server that is started again is no loss."""


class SendResult(msgspec.Struct, frozen=True, rename="camel"):
    """Whether the mail was handed over, and the Message-ID that it has."""

    sent: bool
    message_id: str | None = None


def check_mail(*, to: str, subject: str, template: str, context: dict[str, Any]) -> None:
    """Raise ValueError that says what is wrong with a mail, and what would be right."""
    read_mailbox(to)
    check_subject(subject)
    read_context(get_letter(template), context)


@job(queue=EMAIL, name="email.send", attempts=ATTEMPTS, check=check_mail)
def send(*, to: str, subject: str, template: str, context: dict[str, Any]) -> SendResult:
    """Send a mail.

    Safe to redeliver: what was sent is not sent again. Where nobody knows, its letter decides.
    """
    run = current()
    try:
        receipt = services.deliver(
            job_id=run.id,
            to=to,
            subject=subject,
            template=template,
            context=context,
            take_permit=run.take_permit,
        )
    except MailRefused as refusal:
        raise PermanentError(str(refusal)) from refusal
    return SendResult(receipt.is_sent, receipt.message_id)


def send_email(
    to: str, subject: str, template: str, context: dict[str, Any], *, job_id: str | None = None
) -> str:
    """Have a mail sent; return its job's id.

    Raise BadPayload if it could not be sent as it is, LedgerAway if the queues do not answer.
    """
    call = email_call(to=to, subject=subject, template=template, context=context, job_id=job_id)
    return enqueue_many([call])[0]


def email_call(
    *, to: str, subject: str, template: str, context: dict[str, Any], job_id: str | None = None
) -> JobCall:
    """Return the call that sends a mail, at its letter's priority; raise BadPayload."""
    call = send.call(
        job_id=job_id,
        to=to,
        subject=str(subject) if isinstance(subject, Promise) else subject,
        template=template,
        context=context,
    )
    return msgspec.structs.replace(call, priority=int(get_letter(template).priority))
