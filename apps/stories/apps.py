"""Registers the invalidation rules of stories."""

from django.apps import AppConfig


class StoriesConfig(AppConfig):
    """The feature "stories"."""

    name = "apps.stories"

    def ready(self) -> None:
        """Import what registers itself."""
        from apps.stories import counts, departures, invalidation, tallies  # noqa: F401, PLC0415
