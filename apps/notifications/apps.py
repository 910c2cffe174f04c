"""Registers what notifications follow from, when digests go out, and what stales or outlives."""

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """The feature "notifications"."""

    name = "apps.notifications"

    def ready(self) -> None:
        """Import what registers itself."""
        from apps.notifications import (  # noqa: F401, PLC0415
            cleanup,
            departures,
            invalidation,
            judgements,
            schedule,
            subscriptions,
        )
