"""The feature that takes stories in from files."""

from django.apps import AppConfig


class ImportsConfig(AppConfig):
    """The feature "imports"."""

    name = "apps.imports"
