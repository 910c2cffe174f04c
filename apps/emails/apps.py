"""Registers which mails follow from what others announce."""

from django.apps import AppConfig


class EmailsConfig(AppConfig):
    """The feature "emails"."""

    name = "apps.emails"

    def ready(self) -> None:
        """Import what registers itself."""
        from apps.emails import subscriptions  # noqa: F401, PLC0415
