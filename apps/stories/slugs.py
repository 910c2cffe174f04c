"""Names for URLs: short, readable where the script allows, never reused."""

import secrets

from django.utils.text import slugify

FORM = r"[a-z0-9][a-z0-9_-]{0,79}"  # of every slug of a story, and of much that is none
RESERVED = frozenset({"new", "my", "draft", "search", "trending", "featured", "import"})
SHORTEST, TAIL = 3, 8
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"


def make_slug(title: str, *, fallback: str, longest: int = 48, tail: int = 0) -> str:
    """Return a slug of the title's Latin letters and digits, with `tail` random characters behind.

    A title of another script, or of a reserved word, gets the fallback and a random tail.
    """
    base = slugify(title)[:longest].strip("-")
    if len(base) < SHORTEST or base in RESERVED:
        base, tail = base or fallback, tail or TAIL
    return f"{base}-{_random(tail)}" if tail else base


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))
