"""Registers what becomes of reports and bans when somebody in them goes."""

from django.apps import AppConfig


class ModerationConfig(AppConfig):
    """The feature "moderation"."""

    name = "apps.moderation"

    def ready(self) -> None:
        """Import what registers itself."""
        from apps.moderation import departures  # noqa: F401, PLC0415
