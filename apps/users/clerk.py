"""What Clerk's webhooks say, as far as it is kept here.

Source: https://clerk.com/docs/webhooks/overview and the objects User and Session of Clerk's
Backend API. Times are milliseconds since 1970.
"""

import re
from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from apps.users.limits import EMAIL_LENGTH
from storychain.errors import Invalid

ADDRESS = re.compile(r"[^\s@\x00-\x1f\x7f]+@[^\s@\x00-\x1f\x7f]+")
PICTURE = re.compile(r"https://[!-~]{1,1990}", re.ASCII)
STATUSES = {
    "session.created": "active",
    "session.ended": "ended",
    "session.removed": "ended",
    "session.revoked": "revoked",
}

Id = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.@:+-]+\Z")]
SessionId = Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9_.:+-]+\Z")]
Millis = Annotated[int, Meta(ge=0, le=253_402_300_799_000)]  # to the end of the year 9999


class PersonSaid(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody as Clerk knows him; `updated_at` tells which of two is the later."""

    user_id: str
    username: str | None
    email: str | None
    email_verified: bool
    avatar_url: str
    created_at: datetime
    updated_at: datetime


class PersonGone(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody has deleted his account at Clerk, or was deleted there."""

    user_id: str


class SessionSaid(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in of somebody, and whether it still holds: active, ended or revoked."""

    session_id: str
    user_id: str
    client_id: str
    status: Literal["active", "ended", "revoked"]
    ip: str
    user_agent: str
    created_at: datetime
    last_active_at: datetime
    expire_at: datetime


Said = PersonSaid | PersonGone | SessionSaid


class _Verification(msgspec.Struct):
    status: str | None = None


class _Email(msgspec.Struct):
    id: str | None
    email_address: str
    verification: _Verification | None = None


class _User(msgspec.Struct):
    id: Id
    created_at: Millis
    updated_at: Millis
    username: str | None = None
    image_url: str | None = None
    email_addresses: list[_Email] = []
    primary_email_address_id: str | None = None


class _Deleted(msgspec.Struct):
    id: Id


class _Session(msgspec.Struct):
    id: SessionId
    user_id: Id
    created_at: Millis
    last_active_at: Millis
    expire_at: Millis
    client_id: str | None = None


class _HttpRequest(msgspec.Struct):
    client_ip: str | None = None
    user_agent: str | None = None


class _Attributes(msgspec.Struct):
    http_request: _HttpRequest | None = None


class _Event(msgspec.Struct):
    type: str
    data: msgspec.Raw
    event_attributes: _Attributes | None = None


def read_webhook(raw: bytes) -> Said | None:
    """Return what a webhook says; None if it is of a type that changes nothing here.

    Raise Invalid if it is not what Clerk's documentation says.
    """
    try:
        event = msgspec.json.decode(raw, type=_Event)
        return _read(event)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise Invalid(f"This is not an event of Clerk's: {error}") from error


def _read(event: _Event) -> Said | None:
    if event.type in ("user.created", "user.updated"):
        return _person(msgspec.json.decode(event.data, type=_User))
    if event.type == "user.deleted":
        return PersonGone(user_id=msgspec.json.decode(event.data, type=_Deleted).id)
    if event.type in STATUSES:
        return _session(event, msgspec.json.decode(event.data, type=_Session))
    return None


def _person(user: _User) -> PersonSaid:
    primary = next(
        (one for one in user.email_addresses if one.id == user.primary_email_address_id), None
    )
    address = primary.email_address if primary else ""
    picture = user.image_url or ""
    is_address = len(address) <= EMAIL_LENGTH and ADDRESS.fullmatch(address)
    proof = primary.verification if primary else None
    return PersonSaid(
        user_id=user.id,
        username=user.username,
        email=address if is_address else None,
        email_verified=bool(is_address and proof and proof.status == "verified"),
        avatar_url=picture if PICTURE.fullmatch(picture) else "",
        created_at=_at(user.created_at),
        updated_at=_at(user.updated_at),
    )


def _session(event: _Event, session: _Session) -> SessionSaid:
    seen = event.event_attributes and event.event_attributes.http_request
    return SessionSaid(
        session_id=session.id,
        user_id=session.user_id,
        client_id=(session.client_id or "")[:128],
        status=STATUSES[event.type],  # type: ignore[arg-type]
        ip=((seen and seen.client_ip) or "")[:45],
        user_agent=((seen and seen.user_agent) or "")[:500],
        created_at=_at(session.created_at),
        last_active_at=_at(session.last_active_at),
        expire_at=_at(session.expire_at),
    )


def _at(millis: int) -> datetime:
    return datetime.fromtimestamp(millis / 1000, UTC)
