"""Registers the invalidation rules of access."""

from django.apps import AppConfig


class AccessConfig(AppConfig):
    """The feature "access"."""

    name = "apps.access"

    def ready(self) -> None:
        """Import what registers itself."""
        from apps.access import invalidation  # noqa: F401, PLC0415
