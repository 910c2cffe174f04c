"""Whoever arrives with a valid session has an account from then on."""

from functools import lru_cache
from typing import Any

from django.utils import timezone

from apps.users import services
from storychain.api.authentication import register_user_loader


@register_user_loader
def welcome(claims: dict[str, Any]) -> None:
    """Make sure that the account behind these session claims exists."""
    name = claims.get("username")
    _ensure_once(claims["sub"], name if isinstance(name, str) else None)


@lru_cache(maxsize=10_000)
def _ensure_once(user_id: str, username: str | None) -> None:
    """Ask the database at most once a process and person."""
    services.ensure_user(user_id=user_id, username=username, now=timezone.now())
