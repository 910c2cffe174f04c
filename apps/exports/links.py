"""Links to finished files: made for one person, good for a time.

A link works in a browser without any header: it carries who asked for the export and until when
it holds, signed. Whoever is given the link can fetch the file that long; somebody signed in as
another cannot.
"""

from datetime import UTC, datetime

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse
from django.utils.http import urlencode

from apps.exports.errors import ExportExpired, ExportNotFound


def sign_link(*, export_id: str, user_id: str, expires_at: datetime) -> str:
    """Return the address of an export's file, good until `expires_at` for who has it."""
    signature = _signer(export_id).sign_object([user_id, int(expires_at.timestamp())])
    path = reverse("export-file", args=[export_id])
    return f"{settings.PUBLIC_URL}{path}?{urlencode({'signature': signature})}"


def read_signature(*, export_id: str, signature: str, now: datetime) -> str:
    """Return whose link it is; raise ExportExpired past its time, ExportNotFound if not ours."""
    try:
        user_id, expires = _signer(export_id).unsign_object(signature[:2000])
    except BadSignature:
        raise ExportNotFound from None
    if datetime.fromtimestamp(expires, UTC) <= now:
        raise ExportExpired
    return str(user_id)


def _signer(export_id: str) -> Signer:
    return Signer(salt=f"storychain.exports:{export_id}", sep=".")
