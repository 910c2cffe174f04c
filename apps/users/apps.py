"""Registers what people bring: invalidation, the account made at first sight, old sessions."""

from django.apps import AppConfig


class UsersConfig(AppConfig):
    """The feature "users"."""

    name = "apps.users"

    def ready(self) -> None:
        """Import what registers itself."""
        from apps.users import arrivals, cleanup, departures, invalidation, subscriptions  # noqa: F401, PLC0415
