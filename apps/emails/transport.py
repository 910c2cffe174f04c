"""Hands a mail over to whatever EMAIL_URL names, and says how that ended.

SMTP (RFC 5321, 4.2.1): 4yz is worth another try, 5yz is not. Only where no answer came to a mail
that was on its way is it in doubt. A mail service answers over HTTP, with 4xx for what it will
never take, but for 408 and 429.
"""

import smtplib
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http import HTTPStatus

from anymail.exceptions import AnymailAPIError, AnymailError, AnymailRecipientsRefused
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from requests.exceptions import ConnectionError as NotConnected
from requests.exceptions import ConnectTimeout
from urllib3.exceptions import NewConnectionError

from apps.emails.errors import MailInDoubt, MailNotTaken, MailRefused

PERMANENT = 500
LATER = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)


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
    try:
        connection = get_connection()
        connection.open()
    except ImproperlyConfigured as error:
        raise MailNotTaken(f"EMAIL_URL does not do: {error}") from error
    except (smtplib.SMTPException, OSError) as error:
        raise _judge(error, None) from error
    with closing(connection):
        yield connection


def _judge(error: Exception, connection: BaseEmailBackend | None) -> Exception:
    said = f"{type(error).__name__}: {error}"
    if isinstance(error, AnymailError):
        return _judge_service(error, said)
    code = _reply_code(error)
    if code is None and getattr(connection, "is_in_doubt", False):
        return MailInDoubt(f"no answer to the end of the mail: {said}")
    return MailRefused(said) if code and code >= PERMANENT else MailNotTaken(said)


def _reply_code(error: Exception) -> int | None:
    """Return what the server answered; of several receivers' codes the mildest."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return min(code for code, _ in error.recipients.values())
    return error.smtp_code if isinstance(error, smtplib.SMTPResponseException) else None


def _judge_service(error: AnymailError, said: str) -> Exception:
    if not isinstance(error, AnymailAPIError) or isinstance(error, AnymailRecipientsRefused):
        return MailRefused(said)
    status = error.status_code or _aws_status(error.__cause__)
    if status is None:
        return MailNotTaken(said) if _never_reached(error.__cause__) else MailInDoubt(said)
    is_final = HTTPStatus.BAD_REQUEST <= status < PERMANENT and status not in LATER
    return MailRefused(said) if is_final else MailNotTaken(said)


def _aws_status(cause: BaseException | None) -> int | None:
    with suppress(AttributeError, KeyError, TypeError):
        return int(cause.response["ResponseMetadata"]["HTTPStatusCode"])  # type: ignore[union-attr]
    return None


def _never_reached(cause: BaseException | None) -> bool:
    if isinstance(cause, ConnectTimeout):
        return True
    reason = cause.args[0] if isinstance(cause, NotConnected) and cause.args else None
    return isinstance(getattr(reason, "reason", None), NewConnectionError)
