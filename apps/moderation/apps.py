"""Registers what is written down of others' acts, whose reports become, and what goes with whom."""

from django.apps import AppConfig


class ModerationConfig(AppConfig):
    """The feature "moderation"."""

    name = "apps.moderation"

    def ready(self) -> None:
        """Import what registers itself."""
        from apps.moderation import auditing, departures, subscriptions  # noqa: F401, PLC0415
