"""Names the feature "autosaves"; nobody but their writer reads drafts, so nothing is cached."""

from django.apps import AppConfig


class AutosavesConfig(AppConfig):
    """The feature "autosaves"."""

    name = "apps.autosaves"
