"""Whoever arrives with a valid session has an account from then on, and is known to be here."""

import time
from contextlib import suppress
from functools import lru_cache
from typing import Any

from django.utils import timezone

from apps.users import services, sessions
from apps.users.errors import AccountBanned
from storychain.api.authentication import InvalidToken, register_user_loader
from storychain.errors import StorychainError

ASKED_AGAIN_SECONDS = 60


@register_user_loader
def welcome(claims: dict[str, Any], view: object) -> None:
    """Make sure that whoever these session claims are about may come in, and has an account.

    Raise InvalidToken if the session is over or the account deleted, AccountBanned if he is banned
    from the platform, unless the view says that it is open to such a one.
    """
    user_id, session_id = claims["sub"], claims["sid"]
    standing = sessions.get_standing(session_id=session_id, user_id=user_id)
    if standing.is_over:
        raise InvalidToken("The session has ended; sign in again.")
    if standing.banned_for is not None and not getattr(view, "is_open_to_banned", False):
        raise AccountBanned(f"{standing.banned_for} You may ask for another look: POST /appeals.")
    minute = int(time.monotonic() // ASKED_AGAIN_SECONDS)
    _ensure_once(user_id, _text(claims, "username"), _text(claims, "email"), minute)
    with suppress(StorychainError):  # who is here is worth no refusal
        _note_once(session_id, user_id, int(time.monotonic() // services.QUIET.total_seconds()))


def _text(claims: dict[str, Any], name: str) -> str | None:
    value = claims.get(name)
    return value if isinstance(value, str) and value else None


@lru_cache(maxsize=10_000)
def _ensure_once(user_id: str, username: str | None, email: str | None, _minute: int) -> None:
    """Ask the database at most once a process, person and minute: an account may be dropped."""
    services.ensure_user(user_id=user_id, username=username, email=email, now=timezone.now())


@lru_cache(maxsize=10_000)
def _note_once(session_id: str, user_id: str, _slot: int) -> None:
    """Ask the database at most once a process and session in QUIET."""
    services.note_use(session_id=session_id, user_id=user_id, now=timezone.now())
