"""Registers the invalidation rules of pull requests, and which drafts they keep."""

from django.apps import AppConfig


class PullsConfig(AppConfig):
    """The feature "pulls"."""

    name = "apps.pulls"

    def ready(self) -> None:
        """Import what registers itself."""
        from apps.pulls import cleanup, departures, invalidation, subscriptions, tallies  # noqa: F401, PLC0415
