"""Names the feature "collaboration"; the rules of its documents are those of access."""

from django.apps import AppConfig


class CollaborationConfig(AppConfig):
    """The feature "collaboration"."""

    name = "apps.collaboration"
