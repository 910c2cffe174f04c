"""Whom a mail is for and what it is about: nothing that could forge a header gets through."""

import re
import unicodedata
from email.utils import formataddr
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.encoding import punycode

LONGEST_ADDRESS = 254
LONGEST_LINE = 200
FORM = re.compile(r"(?:(?P<name>[^<>]*?)\s*<(?P<named>[^<>]*)>|(?P<plain>[^<>]*))", re.DOTALL)
# Controls, surrogates and what else begins a new line somewhere.
FORBIDDEN = {"Cc", "Cs", "Zl", "Zp"}


class Mailbox(NamedTuple):
    """One receiver; the name may be empty."""

    name: str
    address: str

    @property
    def header(self) -> str:
        """Return it as it stands in `To`: in ASCII, the domain as its DNS name (RFC 5891)."""
        local, _, domain = self.address.rpartition("@")
        return formataddr((self.name, f"{local}@{punycode(domain)}"))


def read_mailbox(text: str) -> Mailbox:
    """Return `ada@example.org` or `Ada Lovelace <ada@example.org>`; raise ValueError for others."""
    refuse_breaks("to", text)
    found = FORM.fullmatch(text)
    address = (found["named"] or found["plain"] or "") if found else ""
    try:
        validate_email(address)
    except ValidationError:
        address = ""
    if not address or len(address) > LONGEST_ADDRESS or not address.rpartition("@")[0].isascii():
        raise ValueError(
            f"to: {text[:LONGEST_LINE]!r} is no address; use one, as ada@example.org"
            " or Ada Lovelace <ada@example.org>"
        )
    return Mailbox(((found["name"] or "") if found else "").strip(' "'), address)


def can_be_mailed(address: str) -> bool:
    """Tell whether a mail can go there at all; of whoever signs in with it we only hear."""
    try:
        return bool(read_mailbox(address))
    except ValueError:
        return False


def check_subject(text: str) -> None:
    """Raise ValueError for what is no subject."""
    refuse_breaks("subject", text)
    if not text.strip() or len(text) > LONGEST_LINE:
        raise ValueError(f"subject: it has {len(text)} characters; use 1 to {LONGEST_LINE}")


def refuse_breaks(field: str, text: str) -> None:
    """Raise ValueError for line breaks, NUL and other control characters."""
    for place, sign in enumerate(text):
        if unicodedata.category(sign) in FORBIDDEN:
            raise ValueError(
                f"{field}: character {place + 1} is U+{ord(sign):04X}; use one line without"
                " control characters"
            )
