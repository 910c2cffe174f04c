"""MongoDB behind every feature: the base Document, whose every way to write announces a Change.

Each write is, or joins, a unit of work (`unit_of_work.py`); it reads what was there before inside
the same transaction and announces the difference, one Change a document.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import cache, partial
from itertools import chain
from typing import Any

import mongoengine
from mongoengine.errors import InvalidQueryError, OperationError
from mongoengine.queryset.base import BaseQuerySet

from storychain import mongodb
from storychain.changes import Change
from storychain.errors import Invalid
from storychain.mongodb import announced, connect, disconnect, ensure_indexes
from storychain.unit_of_work import (
    UnitOfWork,
    changed,
    committing,
    current_unit,
    ended,
    unit_of_work,
)

__all__ = [
    "Change",
    "Document",
    "EmbeddedDocument",
    "QuerySet",
    "StringField",
    "UnitOfWork",
    "changed",
    "committing",
    "connect",
    "current_unit",
    "disconnect",
    "ended",
    "ensure_indexes",
    "unit_of_work",
]

Stored = dict[Any, dict[str, Any]]  # documents as they are stored, by id
MOST_READ = 1_000
MOST_LISTED = 100  # ids in one filter: the stand-in's time for them grows with their square
FLAGS = {re.IGNORECASE: "i", re.MULTILINE: "m", re.DOTALL: "s", re.VERBOSE: "x"}


class StringField(mongoengine.StringField):
    """A string that is looked up by strings and patterns, never by somebody's operators."""

    def prepare_query_value(self, op: str | None, value: Any) -> Any:
        """Return the value as it goes into the query; raise InvalidQueryError for a mapping.

        A pattern goes as `$regex`: compiled ones find nothing in the stand-in's indexes.
        """
        if isinstance(value, Mapping):
            raise InvalidQueryError(f"{self.name} is a string, not {value!r}")
        prepared = super().prepare_query_value(op, value)
        if isinstance(prepared, re.Pattern):
            options = "".join(letter for flag, letter in FLAGS.items() if prepared.flags & flag)
            return {"$regex": prepared.pattern, "$options": options}
        return prepared


class _Writing(BaseQuerySet):
    """The ways to write of a query set: each is a unit of work that announces its Changes.

    What is written is held to what was read before in the transaction, so none goes unannounced.
    """

    @unit_of_work
    @announced
    def insert(self, doc_or_docs: Any, load_bulk: bool = True, **options: Any) -> Any:
        """Insert one document or many."""
        docs = doc_or_docs if isinstance(doc_or_docs, list | tuple) else [doc_or_docs]
        _undo_with_unit(*docs)
        result = super().insert(doc_or_docs, load_bulk=load_bulk, **options)
        if len(docs) > MOST_READ:
            _announce(self._document)
        else:
            for doc in docs:
                _announce(self._document, after=doc.to_mongo())
        return result

    @unit_of_work
    @announced
    def update(
        self, upsert: bool = False, multi: bool = True, full_result: bool = False, **update: Any
    ) -> Any:
        """Update what matches, or with `multi=False` the first of it."""
        if self._none or self._empty:
            return 0
        before = self._read_all() if multi else self._read_first()
        result = super(_Writing, self._pinned(before)).update(
            upsert=upsert, multi=multi, full_result=True, **update
        )
        self._announce_difference(before, inserted=result.upserted_id)
        if full_result:
            return result
        return int(result.matched_count) + int(result.upserted_id is not None)

    @unit_of_work
    @announced
    def modify(
        self, upsert: bool = False, remove: bool = False, new: bool = False, **update: Any
    ) -> Any:
        """Update or remove the first match and return it as it was, or with `new` as it is."""
        if self._none or self._empty:
            return None
        before = self._read_first()
        if not before and not upsert:
            return None
        result = super(_Writing, self._pinned(before)).modify(
            upsert=upsert, remove=remove, new=new or not before, **update
        )
        self._announce_difference(before, inserted=None if before else result.pk)
        return result if before or new else None

    @unit_of_work
    @announced
    def delete(
        self, write_concern: Any = None, _from_doc_delete: bool = False, cascade_refs: Any = None
    ) -> int:
        """Delete what matches, and what its delete rules say."""
        if self._none or self._empty:
            return 0
        if self._skip or self._limit:  # mongoengine then deletes, and so announces, one by one
            return int(super().delete(write_concern, _from_doc_delete, cascade_refs))
        before = self._read_all()
        pinned = self._pinned(before)
        count = super(_Writing, pinned).delete(write_concern, _from_doc_delete, cascade_refs)
        if before is None:
            _announce(self._document)
        for stored in (before or {}).values():
            _announce(self._document, before=stored)
        return int(count)

    def aggregate(self, pipeline: Any, *more: Any, **options: Any) -> Any:
        """Aggregate for reading; raise OperationError where a stage would write unannounced."""
        if {"$out", "$merge"} & {name for stage in pipeline for name in stage}:
            raise OperationError("$out and $merge announce nothing; read, then write")
        return super().aggregate(pipeline, *more, **options)

    def filter_by(self, given: Mapping[str, Any], *, allowed: Collection[str]) -> Any:
        """Narrow by what a caller sent: fields of `allowed`, equal to plain values.

        The one way for input whose names are the caller's; raise Invalid for any other.
        """
        reasons = {
            name: ["It cannot be filtered by." if name not in allowed else "Send a plain value."]
            for name, value in given.items()
            if name not in allowed or not isinstance(value, str | int | float | bool | None)
        }
        if reasons:
            raise Invalid(fields=reasons)
        return self.filter(**given)

    @property
    def _query(self) -> Any:
        """Ask by keys first: of several conditions the stand-in takes the first with an index."""
        query = super()._query
        keys = query.get("_id", {})
        are_few = "$in" in keys if isinstance(keys, dict) else True  # of a range there are many
        return {"_id": keys} | query if are_few else query

    def _read_all(self) -> Stored | None:
        """Return what matches, None if that is too much to be read."""
        if not isinstance(self._query.get("_id", {}), dict):
            return self._read_first()
        found = self._collection.find(self._query, {"_id": 1}, limit=MOST_READ + 1)
        ids = [row["_id"] for row in found]
        return None if len(ids) > MOST_READ else self._read_ids(ids)

    def _read_first(self) -> Stored:
        found = self._collection.find(self._query, sort=self._ordering or None, limit=1)
        return {stored["_id"]: stored for stored in found}

    def _read_ids(self, ids: list[Any]) -> Stored:
        chunks = [ids[at : at + MOST_LISTED] for at in range(0, len(ids), MOST_LISTED)]
        found = chain(*(self._collection.find({"_id": {"$in": chunk}}) for chunk in chunks))
        return {stored["_id"]: stored for stored in found}

    def _pinned(self, before: Stored | None) -> Any:
        """Return the same query of the documents that were read, where they are few.

        The transaction's snapshot holds it to them in any case, but the stand-in's sees later
        writes.
        """
        if not before or len(before) > MOST_LISTED:
            return self
        ids = list(before)
        pinned = self.clone()
        pinned._mongo_query = {"_id": {"$in": ids} if len(ids) > 1 else ids[0]} | self._query
        return pinned

    def _announce_difference(self, before: Stored | None, *, inserted: Any) -> None:
        if before is None:
            _announce(self._document)
            return
        after = self._read_ids([*before, *([] if inserted is None else [inserted])])
        for key in before | after:
            if before.get(key) != after.get(key):
                _announce(self._document, before=before.get(key), after=after.get(key))


class QuerySet(_Writing, mongoengine.QuerySet):
    """A query set of ours; its results stay in memory until it is gone."""

    def no_cache(self) -> Any:
        """Return the same query as a stream, for many results."""
        return self._clone_into(_Stream(self._document, self._collection))

    def at_most(self, count: int) -> Any:
        """Return a query of up to so many of these, by their keys: for writes that go in steps."""
        keys = list(self.limit(count).scalar("pk"))
        return self._document.objects(pk__in=keys) if keys else self._document.objects.none()


class _Stream(_Writing, mongoengine.QuerySetNoCache):
    def cache(self) -> Any:
        return self._clone_into(QuerySet(self._document, self._collection))


class Document(mongoengine.Document):
    """A stored thing; whichever way it is written, a Change is announced."""

    meta = {"abstract": True, "queryset_class": QuerySet, "auto_create_index": False}

    @classmethod
    def _get_db(cls) -> Any:
        mongodb.connect()
        return super()._get_db()

    @unit_of_work
    @announced
    def save(self, *args: Any, force_insert: bool = False, **options: Any) -> Any:
        """Insert or update this document; only what changed since it was read is sent.

        Raise DoesNotExist if it was deleted since: else its changed fields alone would come back.
        """
        collection = self._get_collection()
        is_new = force_insert or self.pk is None
        before = None if is_new else collection.find_one({"_id": self._stored_id()})
        if before is None and not (is_new or self._created):
            raise self.DoesNotExist(f"{type(self).__name__} {self.pk} was deleted meanwhile")
        _undo_with_unit(self)
        super().save(*args, force_insert=before is None, **options)  # else it looks once more
        after = self.to_mongo()
        if before is not None:
            after = collection.find_one({"_id": before["_id"]})
        if before != after:
            _announce(type(self), before=before, after=after)
        return self

    def _stored_id(self) -> Any:
        return self.to_mongo(fields=[self._meta["id_field"]])["_id"]

    @classmethod
    def drop_collection(cls) -> None:
        """Raise OperationError: no transaction can hold that, so no reader would learn of it."""
        raise OperationError(f"Delete the documents of {cls.__name__} instead")


class EmbeddedDocument(mongoengine.EmbeddedDocument):
    """A part of a document that has fields of its own."""

    meta = {"abstract": True}


def _announce(model: Any, *, before: Any = None, after: Any = None) -> None:
    unit = current_unit()
    if unit is None:  # pragma: no cover - every caller is a unit of work
        raise RuntimeError("a write outside a unit of work")
    unit.announce(Change(_owner(model), before, after))


@cache
def _owner(model: Any) -> Any:
    """Return the class that owns the model's collection: the first that is not abstract."""
    metas = ((base, getattr(base, "_meta", {"abstract": True})) for base in reversed(model.__mro__))
    return next(base for base, meta in metas if not meta.get("abstract"))


def _undo_with_unit(*docs: Any) -> None:
    """Let documents that an aborted unit wrote be written again by its next attempt."""
    unit = current_unit()
    if unit is not None:
        states = [(doc, doc._created, set(doc._get_changed_fields())) for doc in docs]
        unit.undo.extend(partial(_restore, *state) for state in states)


def _restore(doc: Any, created: bool, changes: set[str]) -> None:
    doc._created = created
    doc._changed_fields = list(changes)
