"""The feature that takes stories in from files."""

from django.apps import AppConfig


class ImportsConfig(AppConfig):
    """The feature "imports"."""

    name = "apps.imports"

    def ready(self) -> None:
        """Import what registers itself."""
        from apps.imports import departures  # noqa: F401, PLC0415
