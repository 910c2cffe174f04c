"""Writes on people's accounts."""

import re
import secrets
from datetime import datetime
from typing import Any

from mongoengine.errors import NotUniqueError

from apps.users.documents import User
from apps.users.errors import UsernameTaken, UserNotFound
from apps.users.limits import USERNAME_LENGTH
from storychain.documents import unit_of_work

NAME_TRIES = 5


def ensure_user(*, user_id: str, username: str | None = None, now: datetime) -> bool:
    """Make the account of somebody who signs in for the first time; tell whether it was made.

    Clerk's webhook usually comes first and knows more; this covers the race between the two.
    """
    if User.objects(clerk_id=user_id).only("clerk_id").first():
        return False
    for attempt in range(NAME_TRIES):
        name = _propose_name(username or user_id, plain=attempt == 0 and username is not None)
        try:
            User(clerk_id=user_id, username=name, created_at=now).save(force_insert=True)
        except NotUniqueError:
            if User.objects(clerk_id=user_id).only("clerk_id").first():
                return False
        else:
            return True
    raise UsernameTaken


def edit_me(*, user_id: str, changes: dict[str, Any], now: datetime) -> None:
    """Change one's own profile; raise UsernameTaken, or UserNotFound if the account is gone."""
    try:
        _edit(user_id=user_id, changes=changes, now=now)
    except NotUniqueError as error:
        raise UsernameTaken(
            fields={"username": ["Another member has this name; choose a different one."]}
        ) from error


@unit_of_work
def _edit(*, user_id: str, changes: dict[str, Any], now: datetime) -> None:
    user = User.objects(clerk_id=user_id, is_active=True).first()
    if user is None:
        raise UserNotFound
    user.revise(changes=dict(changes), now=now)


def _propose_name(text: str, *, plain: bool) -> str:
    """Turn any text into a free-looking username of 3 to 30 characters."""
    base = re.sub(r"[^a-z0-9_-]+", "", text.lower().removeprefix("user_")) or "member"
    if plain and len(base) >= USERNAME_LENGTH[0]:
        return base[: USERNAME_LENGTH[1]]
    return f"{base[:20]}-{secrets.token_hex(3)}"
