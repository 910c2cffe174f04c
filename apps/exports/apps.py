"""Registers the subscriptions of exports."""

from django.apps import AppConfig


class ExportsConfig(AppConfig):
    """The feature "exports"."""

    name = "apps.exports"

    def ready(self) -> None:
        """Import what registers itself."""
        from apps.exports import schedule, subscriptions  # noqa: F401, PLC0415
