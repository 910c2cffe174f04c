"""Registers what is written down of others' acts, and what becomes of all this with who goes."""

from django.apps import AppConfig


class ModerationConfig(AppConfig):
    """The feature "moderation"."""

    name = "apps.moderation"

    def ready(self) -> None:
        """Import what registers itself."""
        from apps.moderation import auditing, departures  # noqa: F401, PLC0415
