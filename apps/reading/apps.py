"""Registers what follows from reading, what it stales, and what goes with a person."""

from django.apps import AppConfig


class ReadingConfig(AppConfig):
    """The feature "reading"."""

    name = "apps.reading"

    def ready(self) -> None:
        """Import what registers itself."""
        from apps.reading import departures, invalidation, subscriptions  # noqa: F401, PLC0415
