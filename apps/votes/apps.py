"""Names the feature "votes", and registers what goes with a person or a chapter."""

from django.apps import AppConfig


class VotesConfig(AppConfig):
    """The feature "votes"."""

    name = "apps.votes"

    def ready(self) -> None:
        """Import what registers itself."""
        from apps.votes import departures, subscriptions  # noqa: F401, PLC0415
