"""Documents to write in every way there is."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mongoengine import CASCADE, NULLIFY, PULL, fields

from storychain import counters, documents
from storychain.documents import Change, Document, EmbeddedDocument, StringField


class Counts(EmbeddedDocument):
    """A part with fields of its own."""

    reads = fields.IntField(default=0)


class Shelf(Document):
    """Something that books stand on."""

    name = StringField(primary_key=True)
    meta = {"collection": "shelves"}


class Book(Document):
    """Something to write."""

    slug = StringField(primary_key=True)
    title = StringField(default="")
    tags = fields.ListField(StringField())
    counts = fields.EmbeddedDocumentField(Counts, default=Counts)
    shelf = fields.ReferenceField(Shelf, reverse_delete_rule=CASCADE)
    place = fields.ReferenceField(Shelf, reverse_delete_rule=NULLIFY)
    places = fields.ListField(fields.ReferenceField(Shelf, reverse_delete_rule=PULL))
    number = fields.IntField()
    meta = {
        "collection": "books",
        "indexes": [{"fields": ["number"], "unique": True, "sparse": True}, "title", "shelf"],
    }


class Animal(Document):
    """The owner of a collection."""

    name = StringField(primary_key=True)
    meta = {"collection": "animals", "allow_inheritance": True}


class Cat(Animal):
    """One that is kept in its owner's."""

    lives = fields.IntField(default=9)


def add_book(slug: str = "a", **more: Any) -> Book:
    """Store a book."""
    return Book(slug=slug, **more).save(force_insert=True)


@documents.unit_of_work
def read_book(slug: str = "a", times: int = 1) -> None:
    """Count a book's readers, in a sum."""
    counters.add(kind="book", key=slug, counts={"reads": times})


@counters.settles("book")
def count_readers(slug: str, counts: dict[str, int]) -> None:
    """Add up what was counted."""
    Book.objects(slug=slug).update_one(inc__counts__reads=counts["reads"])


def settle(**_: object) -> int:
    """Settle all counts, at whatever time."""
    return counters.settle_once()


@contextmanager
def listening() -> Iterator[list[Change[Any]]]:
    """Yield the list of what is announced meanwhile."""
    heard: list[Change[Any]] = []

    def hear(change: Change[Any], **_: object) -> None:
        heard.append(change)

    documents.changed.connect(hear)
    try:
        yield heard
    finally:
        documents.changed.disconnect(hear)
