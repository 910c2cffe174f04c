"""Registers the invalidation rules of chapters, and what of them outlives its use."""

from django.apps import AppConfig


class ChaptersConfig(AppConfig):
    """The feature "chapters"."""

    name = "apps.chapters"

    def ready(self) -> None:
        """Import what registers itself."""
        from apps.chapters import cleanup, departures, invalidation, schedule, tallies  # noqa: F401, PLC0415
