"""Django's SMTP backend, which also knows whether the server may have taken a mail."""

import smtplib
from contextlib import suppress
from typing import Any

from django.core.mail.backends import smtp

GOODBYE_SECONDS = 1.0
PATIENCE = 6
"""How many time-outs the end of a mail may take: who has it may look at it for long (RFC 5321,
4.5.3.2.6, asks for ten minutes), and whoever does not wait sends it twice."""


class EmailBackend(smtp.EmailBackend):
    """One dialogue with the server; `is_in_doubt` while a mail's end has not been answered."""

    is_in_doubt = False

    @property
    def connection_class(self) -> Any:
        """Return the client that tells this backend when a mail is on its way."""
        backend, client = self, super().connection_class

        class Telling(client):  # type: ignore[misc,valid-type]
            def data(self, msg: bytes | str) -> tuple[int, bytes]:
                backend.is_in_doubt = True
                self.sock.settimeout(self.timeout * PATIENCE)
                answer: tuple[int, bytes] = super().data(msg)
                backend.is_in_doubt = False
                return answer

        return Telling

    def _close_connection(self, connection: smtplib.SMTP) -> None:
        """Say goodbye, but wait for no answer: what was to be done is done."""
        with suppress(OSError):
            if connection.sock:
                connection.sock.settimeout(GOODBYE_SECONDS)
            connection.quit()
        connection.close()
