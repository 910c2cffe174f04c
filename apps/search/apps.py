"""Registers how search follows what is written."""

from django.apps import AppConfig


class SearchConfig(AppConfig):
    """The feature "search"."""

    name = "apps.search"

    def ready(self) -> None:
        """Import what registers itself."""
        from apps.search import following, subscriptions  # noqa: F401, PLC0415
