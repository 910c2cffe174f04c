"""Names the feature "bookmarks", and registers what goes with a person."""

from django.apps import AppConfig


class BookmarksConfig(AppConfig):
    """The feature "bookmarks"."""

    name = "apps.bookmarks"

    def ready(self) -> None:
        """Import what registers itself."""
        from apps.bookmarks import departures  # noqa: F401, PLC0415
