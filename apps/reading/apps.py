"""Names the feature "reading"; it has no documents of its own yet."""

from django.apps import AppConfig


class ReadingConfig(AppConfig):
    """The feature "reading"."""

    name = "apps.reading"
