"""Whether a webhook comes from Clerk: Svix signs "id.timestamp.body" by HMAC-SHA256.

Source: https://docs.svix.com/receiving/verifying-payloads/how-manual, which is the specification
Standard Webhooks under Svix's own header names; standardwebhooks carries it out: any of several
signatures, compared in constant time, at most five minutes old or ahead.
"""

import re
from collections.abc import Mapping

from django.conf import settings
from standardwebhooks import Webhook, WebhookVerificationError

from apps.users.errors import BadSignature, WebhooksOff

MESSAGE_ID = re.compile(r"[!-~]{1,128}", re.ASCII)
PARTS = ("id", "timestamp", "signature")


def check_signature(*, raw: bytes, headers: Mapping[str, str]) -> str:
    """Return the id of a webhook that was signed with one of CLERK_WEBHOOK_SECRETS.

    Raise BadSignature for any other, WebhooksOff where there are no secrets.
    """
    secrets: list[str] = settings.CLERK_WEBHOOK_SECRETS
    if not secrets:
        raise WebhooksOff("Set CLERK_WEBHOOK_SECRETS to the signing secret that Clerk shows.")
    signed = {f"webhook-{part}": headers.get(f"svix-{part}", "") for part in PARTS}
    message_id = signed["webhook-id"]
    if not MESSAGE_ID.fullmatch(message_id) or not any(_holds(s, raw, signed) for s in secrets):
        raise BadSignature("Send svix-id, svix-timestamp and svix-signature as Svix makes them.")
    return message_id


def _holds(secret: str, raw: bytes, signed: dict[str, str]) -> bool:
    try:
        Webhook(secret).verify(raw, signed, json_parse=False)
    except (WebhookVerificationError, ValueError):  # ValueError: no base64, no UTF-8, no version
        return False
    return True
