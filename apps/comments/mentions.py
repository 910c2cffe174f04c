"""Whom a text names: @username, as long as no letter stands before the @ as in an address."""

import re

from apps.comments.limits import MOST_MENTIONS
from apps.users.limits import USERNAME_LENGTH

_LEAST, _MOST = USERNAME_LENGTH
NAMED = re.compile(
    rf"(?<![A-Za-z0-9_.@-])@([A-Za-z0-9][A-Za-z0-9_-]{{{_LEAST - 1},{_MOST - 1}}})(?![A-Za-z0-9_-])"
)


def find_names(text: str) -> list[str]:
    """Return the usernames that a text may mean, in small letters, the first MOST_MENTIONS."""
    return list(dict.fromkeys(name.lower() for name in NAMED.findall(text)))[:MOST_MENTIONS]
