"""`Idempotency-Key` on requests that create: sent again, they are answered and not done again.

1. The record of the key is the first thing that the write's own transaction stores, with what was
   created: both are there, or neither.
2. Of two requests at once the second cannot store its record and is answered 409.
3. The answer is kept beside it after the commit; should a process die before, it is made anew.
4. Another request under the same key is refused (422). After 24 hours a key is forgotten.

Source: draft-ietf-httpapi-idempotency-key-header-07; what is refused (4xx) keeps no record, as it
has changed nothing.
"""

import hashlib
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import mongoengine
import msgspec
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter
from mongoengine import fields
from mongoengine.errors import NotUniqueError
from pymongo.errors import PyMongoError
from rest_framework.request import Request

from storychain.api.responses import UNSHARED
from storychain.documents import Document, StringField, unit_of_work
from storychain.errors import Conflict, Invalid, StorychainError

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    location=OpenApiParameter.HEADER,
    description="Any 1 to 255 printable characters, such as a UUID. The same request with the same "
    "key is carried out once in 24 hours; its answer is given again.",
)
KEPT = timedelta(hours=24)
TRIES = 5
_KEY = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)


class KeyInFlight(Conflict):
    """The first request with this key is still being worked on."""

    code, title = "key-in-flight", "The same request is being worked on"


class KeyReused(StorychainError):
    """The key was sent before, with another request."""

    status, code, title = 422, "key-reused", "This Idempotency-Key was used for another request"


class IdempotencyRecord(Document):
    """What a request with a key created, and how it was answered.

    `record_id` is made of user, method, path and key; `digest` of query and body.
    """

    record_id = StringField(primary_key=True)
    digest = StringField(required=True)
    created = StringField(required=True)
    status = fields.IntField(default=0)
    body = fields.BinaryField()
    location = StringField(default="")
    etag = StringField(default="")
    expire_at = fields.DateTimeField(required=True)

    meta = {
        "collection": "idempotency_keys",
        "indexes": [{"fields": ["expire_at"], "expireAfterSeconds": 0}],
    }

    @classmethod
    def find(cls, record_id: str, *, now: datetime) -> "IdempotencyRecord | None":
        """Return a record that still holds; MongoDB removes others only once a minute."""
        found: IdempotencyRecord | None = cls.objects(record_id=record_id).first()
        return found if found and found.expire_at > now else None

    def answer(self, response: HttpResponse) -> None:
        """Keep how the request was answered."""
        IdempotencyRecord.objects(record_id=self.record_id).update_one(
            set__status=response.status_code,
            set__body=response.content,
            set__location=response.headers.get("Location", ""),
            set__etag=response.headers.get("ETag", ""),
        )

    def replay(self) -> HttpResponse | None:
        """Return the same answer again, if it was kept."""
        if not self.status:
            return None
        kept = {"Location": str(self.location), "ETag": str(self.etag)}
        headers = UNSHARED | {name: value for name, value in kept.items() if value}
        return HttpResponse(
            bytes(self.body), content_type="application/json", status=self.status, headers=headers
        )


def create_once(
    request: Request, *, create: Callable[[], str], show: Callable[[str], HttpResponse]
) -> HttpResponse:
    """Answer a request that creates something: `create` does and names it, `show` answers.

    With an Idempotency-Key both happen once in 24 hours. Raise Invalid for a key that is none,
    KeyReused, KeyInFlight.
    """
    caller: Any = request.user  # a Caller
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return show(create())
    if not _KEY.fullmatch(key):
        raise Invalid("Use 1 to 255 printable ASCII characters, such as a UUID, for the key.")
    record_id = _digest(caller.user_id, request.method, request.path, key)
    digest = _digest(request.data, request.META["QUERY_STRING"])
    record, is_new = _find_or_create(record_id, digest, create)
    if is_new:
        return _answer(record, show)
    if record.digest != digest:
        raise KeyReused("Send another key with another request.")
    response = record.replay() or show(record.created)
    response.headers["Idempotent-Replayed"] = "true"
    return response


def _find_or_create(
    record_id: str, digest: str, create: Callable[[], str]
) -> tuple[IdempotencyRecord, bool]:
    """Return the key's record and whether the request has just been carried out."""
    for attempt in range(TRIES):
        if found := IdempotencyRecord.find(record_id, now=timezone.now()):
            return found, False
        try:
            return _create(record_id, digest, create), True
        except NotUniqueError:  # this key's record, or a name that was free a moment ago
            if attempt == TRIES - 1:
                raise
    raise AssertionError  # pragma: no cover - for mypy


@unit_of_work
def _create(record_id: str, digest: str, create: Callable[[], str]) -> IdempotencyRecord:
    now = timezone.now()
    record = IdempotencyRecord(
        record_id=record_id, digest=digest, created="?", expire_at=now + KEPT
    )
    _claim(record, now=now)
    record.created = create()  # type: ignore[assignment] # mongoengine's fields are what they hold
    record.save()
    return record


def _claim(record: IdempotencyRecord, *, now: datetime) -> None:
    """Store the record first, so that a second request meets it; raise KeyInFlight if it is met."""
    IdempotencyRecord.objects(record_id=record.record_id, expire_at__lte=now).delete()
    in_flight = False
    try:
        record.save(force_insert=True)
    except (mongoengine.errors.OperationError, PyMongoError) as error:
        in_flight = _is_conflict(error)
        if not in_flight:
            raise
    if in_flight:  # outside of the handler, or the unit of work would see a conflict and repeat
        raise KeyInFlight("Wait for its answer, or send the same request again in a moment.")


def _is_conflict(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, PyMongoError) and error.has_error_label("TransientTransactionError"):
            return True
        error = error.__cause__ or error.__context__
    return False


def _answer(record: IdempotencyRecord, show: Callable[[str], HttpResponse]) -> HttpResponse:
    response = show(record.created)
    with suppress(StorychainError, mongoengine.errors.MongoEngineException, PyMongoError):
        record.answer(response)  # it is done; without this the answer is made anew
    return response


def _digest(*parts: object) -> str:
    return hashlib.sha256(msgspec.json.encode(parts, order="deterministic")).hexdigest()
