"""Writes outside of any unit of work, of many documents or in haste: for what no cached page shows.

Nothing is announced of such a write, and it is no transaction: each document is written or not.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from bson.errors import BSONError
from pymongo import ReplaceOne, WriteConcern
from pymongo.collection import Collection
from pymongo.errors import BulkWriteError, PyMongoError

from storychain.documents import Document
from storychain.errors import Invalid, Unavailable

DUPLICATE = 11000
STEP = 500
SAFE = WriteConcern("majority", j=True)


class Unstorable(Invalid):
    """One of the documents cannot be stored, now or ever; others of them may be."""

    code, title = "unstorable", "This cannot be stored"


def insert_new(model: type[Document], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert documents as they are stored; one whose `_id` is there stays as it is.

    Raise Unavailable where MongoDB does not answer, Unstorable if one is no document.
    """
    with _errors_named():
        _collection(model).insert_many([dict(row) for row in rows], ordered=False)


def put(model: type[Document], rows: Sequence[Mapping[str, Any]]) -> None:
    """Store documents under their `_id`, in place of what is there; raise as `insert_new` does."""
    for at in range(0, len(rows), STEP):
        wanted = [
            ReplaceOne({"_id": row["_id"]}, dict(row), upsert=True) for row in rows[at : at + STEP]
        ]
        with _errors_named():
            _collection(model).bulk_write(wanted, ordered=False)


def swap(model: type[Document], *, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Store a document in place of the one that was read; tell whether that stood there unchanged.

    Both as they are stored, under one `_id`. Raise Unavailable where MongoDB does not answer.
    """
    with _errors_named():
        done = _collection(model).replace_one(dict(old), dict(new))
    return done.matched_count == 1


def _collection(model: type[Document]) -> Collection[dict[str, Any]]:
    found: Collection[dict[str, Any]] = model._get_collection()  # noqa: SLF001 - mongoengine has no other door
    return found.with_options(write_concern=SAFE)


@contextmanager
def _errors_named() -> Iterator[None]:
    try:
        yield
    except BulkWriteError as error:
        _judge(error)
    except (BSONError, OverflowError) as error:
        raise Unstorable(f"{type(error).__name__}: {error}") from error
    except PyMongoError as error:
        raise Unavailable(f"MongoDB did not take it: {type(error).__name__}: {error}") from error


def _judge(error: BulkWriteError) -> None:
    found = error.details or {}
    if found.get("writeConcernErrors"):
        raise Unavailable("MongoDB could not confirm the write.") from error
    for fault in found.get("writeErrors", []):
        if fault["code"] != DUPLICATE:
            raise Unstorable(f"MongoDB: {fault['errmsg']}") from error
