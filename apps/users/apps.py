"""Registers what people bring: invalidation rules, and the account made at first sight."""

from django.apps import AppConfig


class UsersConfig(AppConfig):
    """The feature "users"."""

    name = "apps.users"

    def ready(self) -> None:
        """Import what registers itself."""
        from apps.users import arrivals, invalidation  # noqa: F401, PLC0415
