"""Links that are made for one receiver, when his mail is sent.

An unsubscribe link never expires: it may be followed from an old mail, and does one thing only.
"""

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.tokens import default_token_generator
from django.core.signing import BadSignature, Signer
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from apps.emails.errors import UnknownLink
from apps.emails.letters import Context, NotificationDigest, PasswordReset

LONGEST_TOKEN = 500
_SIGNER = {"salt": "storychain.emails:unsubscribe", "sep": "."}


class NotForReceiver(Exception):
    """Whom the letter is for has no such account (any more)."""


def make_links(*, context: Context, address: str, user_id: str | None) -> dict[str, str]:
    """Return a letter's links for the member, or the staff, that has this address.

    Raise NotForReceiver.
    """
    if isinstance(context, PasswordReset):
        return {"reset_url": _reset_url(context.staff_id, address)}
    if isinstance(context, NotificationDigest):
        if user_id is None:
            raise NotForReceiver
        return {"unsubscribe_url": unsubscribe_url(user_id=user_id)}
    return {}


def unsubscribe_url(*, user_id: str) -> str:
    """Return where a member gets rid of digests without signing in."""
    token = Signer(**_SIGNER).sign_object([user_id, "digest"])
    return settings.PUBLIC_URL + reverse("emails-unsubscribe", args=[token])


def read_unsubscribe(token: str) -> str:
    """Return whose digests a link is about; raise UnknownLink if it is none of ours."""
    try:
        user_id, _ = Signer(**_SIGNER).unsign_object(token[:LONGEST_TOKEN])
    except BadSignature:
        raise UnknownLink from None
    return str(user_id)


def _reset_url(staff_id: int, address: str) -> str:
    model = get_user_model()
    staff = model.objects.filter(pk=staff_id, is_active=True, email__iexact=address).first()
    if staff is None:
        raise NotForReceiver
    uid = urlsafe_base64_encode(force_bytes(staff.pk))
    token = default_token_generator.make_token(staff)
    return settings.PUBLIC_URL + reverse("password_reset_confirm", args=[uid, token])
