"""The admin's form for a forgotten password, whose mail goes through the queue."""

from typing import Any

from django.contrib.auth.forms import PasswordResetForm
from django.utils import timezone

from apps.emails import services


class QueuedPasswordResetForm(PasswordResetForm):
    """Django's form; whoever has the address is mailed by a worker.

    Django's own views come before and after; the token is made by the worker, not here.
    """

    def send_mail(
        self,
        subject_template_name: str,
        email_template_name: str,
        context: dict[str, Any],
        from_email: str | None,
        to_email: str,
        html_email_template_name: str | None = None,
    ) -> None:
        """Ask for the mail, stored until it has been sent."""
        user = context["user"]
        services.forget_password(
            staff_id=user.pk, username=user.get_username(), address=to_email, now=timezone.now()
        )
