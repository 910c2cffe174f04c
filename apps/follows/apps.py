"""Registers how follows are counted, and what goes of them with a person."""

from django.apps import AppConfig


class FollowsConfig(AppConfig):
    """The feature "follows"."""

    name = "apps.follows"

    def ready(self) -> None:
        """Import what registers itself."""
        from apps.follows import counts, departures, tallies  # noqa: F401, PLC0415
