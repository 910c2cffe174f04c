"""How members may be called."""

import re
import secrets

from apps.users.documents import User
from apps.users.limits import RESERVED_NAMES, USERNAME_LENGTH


def shape_name(text: str) -> str | None:
    """Return a text as a username, lower-case and of 3 to 30 characters; None if it makes none."""
    name = re.sub(r"[^a-z0-9_-]+", "", text.lower())[: USERNAME_LENGTH[1]]
    return name if len(name) >= USERNAME_LENGTH[0] and name not in RESERVED_NAMES else None


def find_free_name(text: str, *, is_chosen: bool) -> str:
    """Return a name made of a text: itself if it was chosen and is free, else with a tail."""
    name = shape_name(text) if is_chosen else None
    if name and not User.objects(username=name).only("clerk_id").first():
        return name
    stem = re.sub(r"[^a-z0-9_-]+", "", text.lower().removeprefix("user_"))[:20]
    return f"{stem or 'member'}-{secrets.token_hex(3)}"
