"""Names the feature "comments", and registers how they are counted, staled and left behind."""

from django.apps import AppConfig


class CommentsConfig(AppConfig):
    """The feature "comments"."""

    name = "apps.comments"

    def ready(self) -> None:
        """Import what registers itself."""
        from apps.comments import counts, departures, invalidation, subscriptions  # noqa: F401, PLC0415
