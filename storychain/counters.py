"""Counts of a document that many change at once: noted beside it, and added to it once a second.

1. `add` stores a note of its own, `+1`, in the write's own transaction: two who vote for the same
   chapter write two documents, so neither waits for the other or begins again.
2. `settle_once`, called by the relay every COUNTS_SETTLE_SECONDS, takes a subject's notes away and
   gives their sum to whoever registered for its kind, in one transaction. So the subject is written
   once, its tags are bumped once, and a note counts once: whoever dies in between has taken
   nothing away, and of two who settle the same one is too late.

What is counted shows late by as much as that; what must be exact is not counted so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from mongoengine import fields

from storychain.documents import Document, StringField, current_unit, unit_of_work
from storychain.errors import Unavailable

log = structlog.get_logger(__name__)
Settler = Callable[[str, dict[str, int]], None]

MOST = 1_000  # notes in one transaction
MOST_LISTED = 100  # ids in one filter: the stand-in's time for them grows with their square
ROUNDS = 2  # what settling a subject adds to another one is settled in the second

_settlers: dict[str, Settler] = {}


class PendingCount(Document):
    """A change of a subject's counts that is not added to it yet.

    `subject` is "{kind}:{key}", `counts` are numbers by whatever names its settler knows.
    """

    subject = StringField(required=True)
    counts = fields.DictField(required=True)

    meta = {"collection": "pending_counts", "indexes": ["subject"]}


def add(*, kind: str, key: str, counts: Mapping[str, int]) -> None:
    """Note what is to be added to a subject's counts, in the current unit of work.

    Names of counts hold neither dots nor a "$" in front. Raise RuntimeError outside of a unit.
    """
    if current_unit() is None:
        raise RuntimeError("a count belongs to a unit of work")
    changed = {name: n for name, n in counts.items() if n}
    if changed:
        _notes().insert_one({"subject": f"{kind}:{key}", "counts": changed})


def list_pending(*, kind: str, key: str) -> Counter[str]:
    """Return what is noted for a subject and not added to it yet."""
    found: Counter[str] = Counter()
    for row in _notes().find({"subject": f"{kind}:{key}"}):
        found.update(row["counts"])
    return found


def settles(kind: str) -> Callable[[Settler], Settler]:
    """Register who adds up a kind: a function of a key and the sums by their names.

    It runs in the transaction that takes the notes away. A subject that is gone counts nothing.
    """

    def register(settler: Settler) -> Settler:
        _settlers[kind] = settler
        return settler

    return register


def settle_once() -> int:
    """Settle everything that is noted; return how many notes that were.

    One subject that fails holds up no other and is tried again by the next call. Raise Unavailable
    or PyMongoError where MongoDB does not answer.
    """
    return sum(_settle_all(subject) for _ in range(ROUNDS) for subject in _list_subjects())


def count_pending() -> int:
    """Return how many notes are not settled yet, as MongoDB estimates it."""
    found: int = _notes().estimated_document_count()
    return found


def _list_subjects() -> list[str]:
    found: list[str] = _notes().distinct("subject", {"subject": {"$gt": ""}})
    return found


def _settle_all(subject: str) -> int:
    settled = step = _try(subject)
    while step == MOST:
        step = _try(subject)
        settled += step
    return settled


def _try(subject: str) -> int:
    try:
        return _settle(subject)
    except Unavailable:
        raise
    except Exception:  # whatever is wrong with this one, the others go on
        log.exception("counts that cannot be settled", subject=subject)
        return 0


@unit_of_work
def _settle(subject: str) -> int:
    """Settle up to MOST notes of a subject; return how many."""
    rows = list(_notes().find({"subject": subject}, limit=MOST))
    _take_away([row["_id"] for row in rows])
    sums: Counter[str] = Counter()
    for row in rows:
        sums.update(row["counts"])
    kind, _, key = subject.partition(":")
    if changed := {name: n for name, n in sums.items() if n}:
        _settlers[kind](key, changed)
    return len(rows)


def _take_away(ids: list[Any]) -> None:
    """Delete these notes: a conflict, and so begun again without them, where another has."""
    for at in range(0, len(ids), MOST_LISTED):
        _notes().delete_many({"_id": {"$in": ids[at : at + MOST_LISTED]}})


def _notes() -> Any:
    """Return the collection, past the Document face: nothing caches a note."""
    return PendingCount._get_collection()  # noqa: SLF001 - mongoengine has no other door
