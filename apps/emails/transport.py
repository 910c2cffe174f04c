"""Hands a mail over to whatever EMAIL_URL names, and says how that ended.

What will never be taken is one mail, and its neighbours may be. A password, a key or a sender that
is not taken is nothing of the mail's: that is tried again, until somebody mends it (ADR 130).

SMTP (RFC 5321, 4.2.1): 5yz to the receiver or to the mail is final, 4yz and whatever is said before
is not. Only where no answer came to a mail that was on its way is it in doubt. A mail service
answers over HTTP; of the mail's own faults there are the few of FINAL. What is neither yes nor no
(a gateway's time-out, a yes that cannot be read) leaves it in doubt, too.
"""

import smtplib
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from http import HTTPStatus
from ssl import SSLCertVerificationError

from anymail.exceptions import AnymailAPIError, AnymailError, AnymailRecipientsRefused
from botocore import exceptions as aws
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, ProxyError

from apps.emails.errors import MailInDoubt, MailNotTaken, MailRefused

PERMANENT = 500
# It is about who sends: to whichever command (RFC 4954, 6), or where a receiver is refused by a
# policy (RFC 3463, 3.8): "554 5.7.1 Relay access denied".
WHO_SENDS, POLICY = {530, 534, 535, 538}, b"5.7."
# Where no connection was made, or nobody to speak for: not a byte of the mail has gone out.
NEVER_REACHED = (
    NewConnectionError,
    ConnectTimeoutError,
    ProxyError,
    SSLCertVerificationError,
    aws.EndpointConnectionError,
    aws.ConnectTimeoutError,
    aws.ProxyConnectionError,
    aws.NoCredentialsError,
    aws.PartialCredentialsError,
)
FINAL = {
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
}


def hand_over(message: EmailMessage) -> str:
    """Hand a mail over; return the service's own id of it, "" where there is none.

    Raise MailRefused, MailNotTaken or MailInDoubt. Whatever else is raised leaves it in doubt, too.
    """
    with _open() as connection:
        try:
            count = connection.send_messages([message])
        except (smtplib.SMTPException, OSError, AnymailError) as error:
            raise _judge(error, connection) from error
    if not count:
        raise MailNotTaken("nothing was sent")
    status = getattr(message, "anymail_status", None)
    return str(status.message_id or "") if status else ""


@contextmanager
def _open() -> Iterator[BaseEmailBackend]:
    with ExitStack() as stack:
        try:
            connection = stack.enter_context(closing(get_connection()))
            connection.open()
        except Exception as error:
            # Whatever it is, as a password that the protocol cannot carry: no mail was on its way.
            raise MailNotTaken(f"nothing can be sent: {type(error).__name__}: {error}") from error
        yield connection


def _judge(error: Exception, connection: BaseEmailBackend) -> Exception:
    said = f"{type(error).__name__}: {error}"
    if isinstance(error, AnymailError):
        return _judge_service(error, said)
    code = _reply_code(error)
    if code is None and getattr(connection, "is_in_doubt", False):
        return MailInDoubt(f"no answer to the end of the mail: {said}")
    is_final = code is not None and code >= PERMANENT and not _is_about_us(error, code)
    return MailRefused(said) if is_final else MailNotTaken(said)


def _reply_code(error: Exception) -> int | None:
    """Return what the server answered to this mail, to its receiver or to its content."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        ((code, _),) = error.recipients.values()  # a mail has one
        return code
    return error.smtp_code if isinstance(error, smtplib.SMTPDataError) else None


def _is_about_us(error: Exception, code: int) -> bool:
    answers = getattr(error, "recipients", {}).values()
    return code in WHO_SENDS or any(said.startswith(POLICY) for _, said in answers)


def _judge_service(error: AnymailError, said: str) -> Exception:
    if not isinstance(error, AnymailAPIError) or isinstance(error, AnymailRecipientsRefused):
        return MailRefused(said)
    status = error.status_code or _aws_status(error.__cause__) or 0
    if status in FINAL:
        return MailRefused(said)
    is_refused = status >= HTTPStatus.BAD_REQUEST and status != HTTPStatus.GATEWAY_TIMEOUT
    is_sure = is_refused or any(isinstance(e, NEVER_REACHED) for e in _what_lies_below(error))
    return MailNotTaken(said) if is_sure else MailInDoubt(said)


def _aws_status(cause: BaseException | None) -> int | None:
    with suppress(AttributeError, KeyError, TypeError):
        return int(cause.response["ResponseMetadata"]["HTTPStatusCode"])  # type: ignore[union-attr]
    return None


def _what_lies_below(error: BaseException) -> Iterator[BaseException]:
    """Yield what an error came from, and what that carries: libraries wrap each other's."""
    for one in (error.__cause__, getattr(error, "reason", None), *error.args):
        if isinstance(one, BaseException):
            yield one
            yield from _what_lies_below(one)
