"""Registers when analytics works by itself, and what of it grows old."""

from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    """The feature "analytics"."""

    name = "apps.analytics"

    def ready(self) -> None:
        """Import what registers itself."""
        from apps.analytics import cleanup, schedule, subscriptions  # noqa: F401, PLC0415
