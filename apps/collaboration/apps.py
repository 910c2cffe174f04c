"""Registers what becomes of a team without one of it; its documents' rules are those of access."""

from django.apps import AppConfig


class CollaborationConfig(AppConfig):
    """The feature "collaboration"."""

    name = "apps.collaboration"

    def ready(self) -> None:
        """Import what registers itself."""
        from apps.collaboration import departures  # noqa: F401, PLC0415
