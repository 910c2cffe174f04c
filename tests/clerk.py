"""Clerk as its webhooks show it: signed by Svix's recipe, written down here a second time."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from itertools import count
from typing import Any

from django.http import HttpResponse
from django.test import Client

SECRET = "whsec_" + base64.b64encode(b"the first secret of all, 32 byte").decode()
PATH = "/api/v1/webhooks/clerk"
T0 = 1_770_000_000_000
_numbers = count(1)


def sign(raw: bytes, *, message_id: str, at: float, secret: str = SECRET) -> str:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message_id}.{int(at)}.".encode() + raw
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def post(
    event: dict[str, Any] | bytes,
    *,
    message_id: str = "",
    at: float | None = None,
    secret: str = SECRET,
    **headers: str,
) -> HttpResponse:
    """Send a webhook, signed unless `headers` say otherwise."""
    raw = event if isinstance(event, bytes) else json.dumps(event).encode()
    message_id = message_id or f"msg_{next(_numbers)}"
    at = time.time() if at is None else at
    signed = {
        "svix-id": message_id,
        "svix-timestamp": str(int(at)),
        "svix-signature": sign(raw, message_id=message_id, at=at, secret=secret),
    }
    return Client(raise_request_exception=False).generic(
        "POST", PATH, data=raw, content_type="application/json", headers=signed | headers
    )


def person(
    user_id: str,
    kind: str = "updated",
    *,
    at: int = T0,
    username: str | None = None,
    email: str | None = None,
    verified: bool = True,
    **more: Any,
) -> dict[str, Any]:
    """Return a user event; `at` is Clerk's updated_at."""
    addresses = [
        {"id": "idn_2", "email_address": "second@example.org", "verification": None},
        {
            "id": "idn_1",
            "object": "email_address",
            "email_address": email,
            "verification": {"status": "verified" if verified else "unverified"},
        },
    ]
    data = {
        "id": user_id,
        "object": "user",
        "username": username,
        "first_name": "Ada",
        "image_url": "https://img.clerk.com/a.png",
        "email_addresses": addresses if email else [],
        "primary_email_address_id": "idn_1" if email else None,
        "created_at": T0,
        "updated_at": at,
    }
    return {"type": f"user.{kind}", "object": "event", "data": data | more, "timestamp": at}


def gone(user_id: str) -> dict[str, Any]:
    """Return the event of a deletion."""
    data = {"id": user_id, "object": "user", "deleted": True}
    return {"type": "user.deleted", "object": "event", "data": data}


def session(session_id: str, user_id: str, kind: str = "created") -> dict[str, Any]:
    """Return a session event."""
    now = int(time.time() * 1000)
    return {
        "type": f"session.{kind}",
        "data": {
            "id": session_id,
            "object": "session",
            "user_id": user_id,
            "client_id": "client_1",
            "status": "active",
            "created_at": now,
            "updated_at": now,
            "last_active_at": now,
            "expire_at": now + 7 * 86_400_000,
        },
        "event_attributes": {"http_request": {"client_ip": "192.0.2.1", "user_agent": "Firefox"}},
    }
