"""Registers what exports follow from, when they tidy up, and what goes with a person."""

from django.apps import AppConfig


class ExportsConfig(AppConfig):
    """The feature "exports"."""

    name = "apps.exports"

    def ready(self) -> None:
        """Import what registers itself."""
        from apps.exports import departures, schedule, subscriptions  # noqa: F401, PLC0415
