"""Whoever arrives with a valid session has an account from then on."""

import time
from functools import lru_cache
from typing import Any

from django.utils import timezone

from apps.users import services
from storychain.api.authentication import register_user_loader

ASKED_AGAIN_SECONDS = 60


@register_user_loader
def welcome(claims: dict[str, Any]) -> None:
    """Make sure that the account behind these session claims exists."""
    minute = int(time.monotonic() // ASKED_AGAIN_SECONDS)
    _ensure_once(claims["sub"], _text(claims, "username"), _text(claims, "email"), minute)


def _text(claims: dict[str, Any], name: str) -> str | None:
    value = claims.get(name)
    return value if isinstance(value, str) and value else None


@lru_cache(maxsize=10_000)
def _ensure_once(user_id: str, username: str | None, email: str | None, _minute: int) -> None:
    """Ask the database at most once a process, person and minute: an account may be dropped."""
    services.ensure_user(user_id=user_id, username=username, email=email, now=timezone.now())
