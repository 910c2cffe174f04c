"""Registers the invalidation rules of chapters."""

from django.apps import AppConfig


class ChaptersConfig(AppConfig):
    """The feature "chapters"."""

    name = "apps.chapters"

    def ready(self) -> None:
        """Import what registers itself."""
        from apps.chapters import invalidation  # noqa: F401, PLC0415
