"""Rows stored with a write and delivered at least once after it.

1. `add` stores a row in the write's own transaction.
2. When the transaction is through, its rows are delivered inline; nobody waits for a part that is
   down, as the clients' time-outs are short.
3. `relay_once` offers what is due, each row with growing waits: first those not delivered, then,
   from OUTBOX_REOFFER_SECONDS on, those not completed, as the one who took them may have lost some.
   Two relays may offer a row at once: whoever takes one twice must notice, as a row's id is its
   job's id.
4. `complete` deletes the row. Who finds that he has lost everything calls `make_due`.

The rows' own state is written past the Document face on purpose: nothing caches an outbox row, and
each delivery would else be a transaction of its own.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import structlog
from django.conf import settings
from mongoengine import fields
from pymongo import UpdateOne, WriteConcern
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from storychain.documents import Document, StringField, UnitOfWork, current_unit, ended
from storychain.errors import Unavailable

log = structlog.get_logger(__name__)
Handler = Callable[[list["OutboxRow"]], Iterable[str]]

LONGEST_WAIT = 6  # doublings of a row's first wait
MOST_BY_HAND = 100  # what one MongoDB condition may name
EPOCH = datetime.fromtimestamp(0, UTC)
URGENT = "bump"  # readers believe old pages until it is delivered: it comes first, its waits do not
# grow, and once taken it is complete
OUTAGES = (Unavailable, OSError, RedisConnectionError, RedisTimeoutError)

_handlers: dict[str, Handler] = {}


class _JSONField(fields.BaseField):
    """Plain values kept as one text: names that a user chose may begin with "$" or hold dots."""

    def to_mongo(self, value: Any) -> str:
        return msgspec.json.encode(value).decode()

    def to_python(self, value: Any) -> Any:
        return msgspec.json.decode(value) if isinstance(value, str) else value


class OutboxRow(Document):
    """Something that must happen because of a write; `next_at` is when it is offered again.

    `is_taken` once its handler had it: it waits for its completion only. `tries` are those since.
    """

    row_id = StringField(primary_key=True)
    kind = StringField(required=True)
    payload = _JSONField(required=True)
    tries = fields.IntField(default=0)
    is_taken = fields.BooleanField(default=False)
    created_at = fields.DateTimeField(required=True)
    next_at = fields.DateTimeField(required=True)

    meta = {
        "collection": "outbox",
        "indexes": ["next_at", ("is_taken", "next_at"), ("kind", "created_at")],
    }


def add(*, kind: str, payload: dict[str, Any], row_id: str | None = None) -> str:
    """Store a row in the current unit of work and return its id; RuntimeError outside of one.

    The payload is plain JSON values. A row of this id that is there already stays as it is.
    """
    unit = current_unit()
    if unit is None:
        raise RuntimeError("an outbox row belongs to a unit of work")
    now = datetime.now(UTC)
    row = OutboxRow(
        row_id=row_id or uuid.uuid4().hex,
        kind=kind,
        payload=payload,
        created_at=now,
        next_at=now + _first_wait(),
    )
    row.validate()
    new = row.to_mongo()
    OutboxRow._get_collection().update_one({"_id": row.row_id}, {"$setOnInsert": new}, upsert=True)
    unit.notes.setdefault("outbox", []).append(row)
    return str(row.row_id)


def handles(kind: str) -> Callable[[Handler], Handler]:
    """Register who takes the rows of a kind: a function that returns the ids that it has taken.

    Rows that it leaves out are offered again later. If it raises, the rows are offered singly, so
    that a bad one holds up no other; not after an outage, which every row would meet.
    """

    def register(handler: Handler) -> Handler:
        _handlers[kind] = handler
        return handler

    return register


def relay_once(*, limit: int = 500, until: Callable[[], bool] = lambda: False) -> int:
    """Offer the rows that are due, the longest due first, and return how many were taken.

    Those that were not delivered yet `limit` at a time, as long as any of them are taken and
    `until` does not say that it is enough; then `limit` of the others, so that new ones need not
    wait for all of these.
    """
    taken = 0
    while rows := _list_due(is_taken=False, limit=limit):
        delivered = _deliver(rows)
        taken += delivered
        if not delivered or until():
            return taken
    return taken + _deliver(_list_due(is_taken=True, limit=limit))


def _list_due(*, is_taken: bool, limit: int) -> list[OutboxRow]:
    due = OutboxRow.objects(is_taken=is_taken, next_at__lte=datetime.now(UTC))
    return list(due.order_by("next_at").limit(limit))


def make_due(kind: str) -> None:
    """Let every row of a kind be offered again soon: who takes them has lost his memory."""
    rows, again = OutboxRow._get_collection(), {"next_at": datetime.now(UTC), "tries": 0}
    rows.update_many({"kind": kind}, {"$set": again})


def flush(kind: str) -> bool:
    """Offer every row of a kind, due or not, and tell whether all of them were taken."""
    rows = list(OutboxRow.objects(kind=kind))
    return _deliver(rows) == len(rows)


def complete(row_ids: Iterable[str], *, is_awaited: bool = True) -> None:
    """Delete rows whose purpose is fulfilled; unknown ids are fine.

    Not awaited, MongoDB's answer costs no time, and a row that stays is delivered once more.
    """
    rows = OutboxRow._get_collection()
    if not is_awaited:
        rows = rows.with_options(write_concern=WriteConcern(w=0))
    if ids := list(row_ids):
        rows.delete_many({"_id": {"$in": ids}})


def list_rows(*, overdue_only: bool = False, offset: int = 0, limit: int = 50) -> list[OutboxRow]:
    """Return rows by when they are offered next, the longest overdue first."""
    found = OutboxRow.objects(next_at__gt=EPOCH)
    if overdue_only:
        found = OutboxRow.objects(next_at__lte=datetime.now(UTC))
    return list(found.order_by("next_at").skip(offset).limit(limit))


def offer_again(row_ids: Iterable[str]) -> tuple[int, int]:
    """Offer these rows now, due or not; return how many were found and how many were taken."""
    rows = list(OutboxRow.objects(row_id__in=list(row_ids)[:MOST_BY_HAND]))
    return len(rows), _deliver(rows)


def depth() -> dict[str, float]:
    """Return how many rows wait and how old, in seconds, the oldest overdue one is."""
    now = datetime.now(UTC)
    oldest = OutboxRow.objects(next_at__lte=now).order_by("next_at").only("next_at").first()
    return {
        "rows": OutboxRow._get_collection().estimated_document_count(),
        "overdue_seconds": (now - oldest.next_at).total_seconds() if oldest else 0.0,
    }


def _push_inline(*, unit: UnitOfWork, outcome: str, **_: object) -> None:
    rows = unit.notes.get("outbox")
    if rows and outcome == "committed":
        _deliver(rows)


ended.connect(_push_inline)


def _deliver(rows: list[OutboxRow]) -> int:
    """Hand rows to their kinds' handlers; note for each when it is due again."""
    taken: set[str] = set()
    by_kind: dict[str, list[OutboxRow]] = defaultdict(list)
    for row in rows:
        by_kind[row.kind].append(row)
    for kind in sorted(by_kind, key=lambda kind: kind != URGENT):
        taken |= _offer(kind, by_kind[kind])
    _note([row for row in rows if row.kind != URGENT or row.row_id not in taken], taken)
    return len(taken)


def _offer(kind: str, rows: list[OutboxRow]) -> set[str]:
    handler = _handlers.get(kind)
    if handler is None:
        log.error("nobody takes these outbox rows", kind=kind, rows=len(rows))
        return set()
    try:
        return set(handler(rows))
    except OUTAGES as error:
        log.warning("outbox rows wait", kind=kind, rows=len(rows), why=repr(error))
        return set()
    except Exception:  # whatever a handler raises, the others go on
        if len(rows) == 1:
            log.exception("a bad outbox row", row=rows[0].row_id, kind=kind)
            return set()
    return set().union(*(_offer(kind, [row]) for row in rows))


def _note(rows: list[OutboxRow], taken: set[str]) -> None:
    updates = [
        UpdateOne({"_id": row.row_id}, {"$set": _plan(row, is_taken=row.row_id in taken)})
        for row in rows
    ]
    if updates:
        OutboxRow._get_collection().bulk_write(updates, ordered=False)


def _plan(row: OutboxRow, *, is_taken: bool) -> dict[str, Any]:
    """Return what is to be stored of a row that was offered, and taken or not."""
    tries = 0 if is_taken and not row.is_taken else row.tries
    first = timedelta(seconds=settings.OUTBOX_REOFFER_SECONDS) if is_taken else _first_wait()
    wait = first * (1 if row.kind == URGENT else 2 ** min(tries, LONGEST_WAIT))
    return {
        "next_at": datetime.now(UTC) + wait,
        "is_taken": is_taken or row.is_taken,
        "tries": tries + 1,
    }


def _first_wait() -> timedelta:
    """Return half the relay's interval: the relay looks that often, so both keep to the whole."""
    return timedelta(seconds=settings.OUTBOX_RELAY_SECONDS / 2)
