"""Registers the invalidation rules of chapters, and what of them outlives its use."""

from django.apps import AppConfig


class ChaptersConfig(AppConfig):
    """The feature "chapters"."""

    name = "apps.chapters"

    def ready(self) -> None:
        """Import what registers itself."""
        from apps.chapters import (  # noqa: F401, PLC0415
            cleanup,
            counts,
            departures,
            invalidation,
            schedule,
            subscriptions,
            tallies,
        )
