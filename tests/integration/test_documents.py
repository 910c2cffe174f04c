"""Every way to write with mongoengine is a unit of work and announces what it did."""

import re
from collections.abc import Callable
from typing import Any

import mongoengine
import pytest
from mongoengine.base import _document_registry
from mongoengine.errors import InvalidQueryError, NotUniqueError, OperationError
from pymongo import monitoring

from storychain import documents, mongodb
from storychain.changes import Change
from storychain.documents import Document
from storychain.errors import Invalid
from tests.books import Animal, Book, Cat, Shelf, add_book, listening

Heard = list[tuple[str, str | None, str | None]]


def titles(changes: list[Change[Any]]) -> Heard:
    """Return kind, old and new title of each."""
    return [(c.kind, c.old and c.old.title, c.new and c.new.title) for c in changes]


def save_title(title: str) -> None:
    found = Book.objects.get(slug="a")
    found.title = title
    found.save()


def save_upper_case() -> None:
    for found in Book.objects(title="x").no_cache():
        found.title = found.title.upper()
        found.save()


def cascade_from_a_tag() -> None:
    found = Book.objects.get(slug="a")
    found.tags.append("new")
    found.counts.reads = 7
    found.save(cascade=True)


UPDATED, DELETED, INSERTED = ("update", "x", "y"), ("delete", "x", None), ("insert", None, "y")

WAYS: dict[str, tuple[Callable[[], object], Heard]] = {
    "save": (lambda: save_title("y"), [UPDATED]),
    "save of parts": (cascade_from_a_tag, [("update", "x", "x")]),
    "save of nothing new": (lambda: save_title("x"), []),
    "save of what streams by": (save_upper_case, [("update", "x", "X")]),
    "save over what is there": (lambda: Book(slug="a", title="y").save(), [UPDATED]),
    "save of a new one": (lambda: Book(slug="b", title="y").save(), [INSERTED]),
    "update": (lambda: Book.objects(slug="a").update(title="y"), [UPDATED]),
    "update by an index": (lambda: Book.objects(title="x").update(title="y"), [UPDATED]),
    "update of all": (lambda: Book.objects.update(title="y"), [UPDATED]),
    "update of a stream": (lambda: Book.objects.no_cache().update(title="y"), [UPDATED]),
    "update_one": (lambda: Book.objects(slug="a").update_one(title="y"), [UPDATED]),
    "update_one by an index": (lambda: Book.objects(title="x").update_one(title="y"), [UPDATED]),
    "document update": (lambda: Book.objects.get(slug="a").update(title="y"), [UPDATED]),
    "modify": (lambda: Book.objects(slug="a").modify(title="y"), [UPDATED]),
    "document modify": (lambda: Book.objects.get(slug="a").modify(title="y"), [UPDATED]),
    "modify and remove": (lambda: Book.objects(slug="a").modify(remove=True), [DELETED]),
    "raw update": (
        lambda: Book.objects(slug="a").update(__raw__={"$set": {"title": "y"}}),
        [UPDATED],
    ),
    "pipeline update": (
        lambda: Book.objects(slug="a").update(__raw__=[{"$set": {"title": "y"}}]),
        [UPDATED],
    ),
    "upsert of one that is there": (
        lambda: Book.objects(slug="a").upsert_one(title="y"),
        [UPDATED],
    ),
    "upsert of one that is not": (
        lambda: Book.objects(slug="b").update_one(title="y", upsert=True),
        [INSERTED],
    ),
    "upsert_one": (lambda: Book.objects(slug="b").upsert_one(title="y"), [INSERTED]),
    "modify as upsert": (
        lambda: Book.objects(slug="b").modify(title="y", upsert=True, new=True),
        [INSERTED],
    ),
    "insert": (lambda: Book.objects.insert(Book(slug="b", title="y")), [INSERTED]),
    "bulk insert": (
        lambda: Book.objects.insert([Book(slug=s, title=s) for s in "bc"], load_bulk=False),
        [("insert", None, "b"), ("insert", None, "c")],
    ),
    "create": (lambda: Book.objects.create(slug="b", title="y"), [INSERTED]),
    "delete": (lambda: Book.objects.get(slug="a").delete(), [DELETED]),
    "delete by query": (lambda: Book.objects(title="x").delete(), [DELETED]),
    "delete of all": (lambda: Book.objects().delete(), [DELETED]),
    "delete with a limit": (lambda: Book.objects.limit(1).delete(), [DELETED]),
    "delete of none": (lambda: Book.objects.none().delete(), []),
    "update of none": (lambda: Book.objects.none().update(title="y"), []),
    "modify of none": (lambda: Book.objects.none().modify(title="y"), []),
    "nothing matches": (lambda: Book.objects(slug="z").update(title="y"), []),
    "nothing changes": (lambda: Book.objects(slug="a").update(title="x"), []),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_write_announces_what_it_did(way: str) -> None:
    add_book(title="x")
    write, expected = WAYS[way]
    with listening() as heard:
        write()
    assert titles(heard) == expected
    assert [c.new.to_mongo() if c.new else None for c in heard] == [
        book.to_mongo() if (book := Book.objects(slug=c.document.slug).first()) else None
        for c in heard
    ]


def test_every_way_returns_what_mongoengine_would() -> None:
    add_book("a", title="x", number=2)
    add_book("b", title="x", number=1)
    first = Book.objects(title="x").order_by("number")
    assert first.modify(inc__counts__reads=1).counts.reads == 0
    assert first.modify(inc__counts__reads=1, new=True).counts.reads == 2
    assert [b.counts.reads for b in first] == [2, 0]
    assert Book.objects(title="z").modify(title="y") is None
    assert Book.objects(slug="c").modify(title="y", upsert=True) is None
    assert Book.objects(slug="c").upsert_one(title="w").title == "w"
    assert Book.objects(title="x").update(title="y") == 2
    assert Book.objects(title="y").update_one(title="v") == 1
    assert Book.objects(slug="d").update_one(title="y", upsert=True) == 1
    assert Book.objects(slug="d").update(title="v", full_result=True).modified_count == 1
    assert Book.objects(title="v").delete() == 2
    assert Book.objects(title="v").delete() == 0
    assert sorted(b.slug for b in Book.objects) == ["b", "c"]


def test_what_hangs_on_a_deleted_document_is_announced_too() -> None:
    shelf, other = Shelf(name="s").save(), Shelf(name="t").save()
    add_book("cascade", shelf=shelf)
    add_book("nullify", place=shelf)
    add_book("pull", places=[shelf, other])
    add_book("kept", shelf=other)
    with listening() as heard:
        shelf.delete()
    changes = {(c.document.pk, c.kind) for c in heard}
    assert changes == {
        ("s", "delete"),
        ("cascade", "delete"),
        ("nullify", "update"),
        ("pull", "update"),
    }


def test_more_than_a_thousand_documents_are_one_unknown_change(settings: Any) -> None:
    settings.UNIT_OF_WORK_SECONDS = 30  # many for the stand-in on a busy machine
    with listening() as heard:
        Book.objects.insert([Book(slug=f"b{n}", title="x") for n in range(1001)], load_bulk=False)
        assert Book.objects(title="x").update(title="y") == 1001
        assert Book.objects(title="y").delete() == 1001
    assert [(c.model, c.kind, c.old, c.new) for c in heard] == [(Book, "unknown", None, None)] * 3
    assert all(c.touches("title") for c in heard)
    with pytest.raises(LookupError):
        _ = heard[0].document
    assert Book.objects.first() is None


def test_a_thousand_documents_are_as_many_changes(settings: Any) -> None:
    settings.UNIT_OF_WORK_SECONDS = 30  # many for the stand-in on a busy machine
    Book.objects.insert([Book(slug=f"b{n:04}", title="x") for n in range(1000)], load_bulk=False)
    with listening() as heard:
        Book.objects(title="x").update(title="y")
    assert {c.document.slug for c in heard} == {f"b{n:04}" for n in range(1000)}


def test_a_step_writes_at_most_so_many_and_of_none_none() -> None:
    Book.objects.insert([Book(slug=f"b{n}", title="x") for n in range(5)])
    old = Book.objects(title="x")
    assert [old.clone().at_most(2).update(title="y") for _ in range(4)] == [2, 2, 1, 0]
    assert [Book.objects(title="y").at_most(4).delete() for _ in range(3)] == [4, 1, 0]


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["counts.reads"], True),
        (["counts"], True),
        (["title"], False),
        (["title", "counts"], True),
        (["title", "tags"], False),
        (["counts.reads.deeper"], False),
        (["no.such.path"], False),
    ],
)
def test_a_change_knows_what_it_touches(paths: list[str], expected: bool) -> None:
    add_book(title="x")
    with listening() as heard:
        Book.objects(slug="a").update_one(inc__counts__reads=1)
    assert heard[0].touches(*paths) is expected
    assert (heard[0].old.counts.reads, heard[0].new.counts.reads) == (0, 1)


def test_an_insert_and_a_delete_touch_everything() -> None:
    with listening() as heard:
        add_book().delete()
    assert [c.touches("title") for c in heard] == [True, True]


def test_a_document_in_anothers_collection_is_announced_for_the_owner() -> None:
    with listening() as heard:
        Cat(name="Tom").save()
        Animal.objects(name="Tom").update_one(__raw__={"$set": {"lives": 8}})
        Cat.objects(name="Tom").delete()
    assert [(c.model, type(c.document), c.kind) for c in heard] == [
        (Animal, Cat, "insert"),
        (Animal, Cat, "update"),
        (Animal, Cat, "delete"),
    ]


def test_what_was_deleted_meanwhile_is_not_half_brought_back() -> None:
    book = add_book(title="x", number=1)
    Book.objects(slug="a").delete()
    book.title = "y"
    with pytest.raises(Book.DoesNotExist):
        book.save()
    assert Book.objects.first() is None


def test_writes_past_the_announcement_are_refused() -> None:
    with pytest.raises(OperationError):
        Book.drop_collection()
    with pytest.raises(OperationError):
        Book.objects.aggregate([{"$match": {}}, {"$merge": {"into": "books"}}])
    assert list(Book.objects.aggregate([{"$match": {"title": "x"}}])) == []


def test_every_document_is_one_that_announces() -> None:
    strangers = [
        name
        for name, model in _document_registry.items()
        if issubclass(model, mongoengine.Document) and not issubclass(model, Document)
    ]
    assert strangers == []


class Filters(monitoring.CommandListener):
    """Hears with which filters documents are written."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def started(self, event: Any) -> None:
        statements = event.command.get("updates") or event.command.get("deletes") or ()
        self.heard += [statement["q"] for statement in statements]
        if event.command_name == "findAndModify":
            self.heard.append(event.command["query"])

    def succeeded(self, _event: Any) -> None:
        pass

    failed = succeeded


def test_a_write_is_held_to_what_was_read_by_a_filter_that_an_index_serves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Flat and with the id first: the stand-in scans the collection for `$and`."""
    add_book("a", title="x")
    add_book("b", title="x")
    filters = Filters()
    monkeypatch.setattr(monitoring, "_LISTENERS", monitoring._Listeners([filters], [], [], [], []))
    mongodb.disconnect()
    Book(slug="new", title="z").save()  # is looked for and inserted: it finds nothing to write over
    Book.objects(slug="a").update_one(inc__counts__reads=1)
    Book.objects(slug="a", title="x").modify(inc__counts__reads=1)
    Book.objects(title="x").update(title="y")
    Book.objects.get(slug="a").delete()
    assert filters.heard == [
        {"_id": "a"},
        {"_id": "a", "title": "x"},
        {"_id": {"$in": ["a", "b"]}, "title": "x"},
        {"_id": "a"},
    ]


# What callers send


def test_a_string_is_never_found_by_somebodys_operator() -> None:
    add_book("a", title="secret")
    for name in ("slug", "title", "tags"):
        with pytest.raises(InvalidQueryError):
            list(Book.objects(**{name: [{"$ne": ""}] if name == "tags" else {"$ne": ""}}))


def test_callers_filter_by_plain_values_of_allowed_fields_only() -> None:
    add_book("a", title="x", number=1)
    add_book("b", title="x", number=2)
    found = Book.objects.filter_by({"title": "x", "number": 2}, allowed={"title", "number"})
    assert [b.slug for b in found] == ["b"]
    for sent in (
        {"title__ne": "x"},
        {"slug": "a"},
        {"__raw__": {}},
        {"title": {"$ne": "x"}},
        {"title": ["x"]},
        {"title": re.compile("x")},
    ):
        with pytest.raises(Invalid) as refused:
            Book.objects.filter_by(sent, allowed={"title", "number"})
        assert list(refused.value.fields) == list(sent)


@pytest.mark.parametrize(
    ("way", "wanted"),
    [
        ("contains", "ob"),
        ("icontains", "OB"),
        ("startswith", "Mo"),
        ("iexact", "mOBY"),
        ("endswith", "by"),
        ("not__startswith", "Em"),
        ("in", ["Moby"]),
    ],
)
def test_patterns_find_what_they_name_on_an_indexed_field(way: str, wanted: Any) -> None:
    add_book("a", title="Moby")
    add_book("b", title="Emma")
    assert [b.slug for b in Book.objects(**{f"title__{way}": wanted})] == ["a"]


def test_a_pattern_of_ones_own_keeps_its_flags() -> None:
    add_book("a", title="Moby\nDick")
    wanted = re.compile("^m.*K$", re.IGNORECASE | re.DOTALL)
    assert [b.slug for b in Book.objects(title=wanted)] == ["a"]


# Indexes


def test_unique_indexes_stand_after_ensure_indexes_and_making_them_again_is_harmless() -> None:
    documents.ensure_indexes()
    assert "number_1" in Book._get_collection().index_information()
    add_book("a", number=1)
    with pytest.raises(NotUniqueError):
        add_book("b", number=1)
    add_book("c")
    add_book("d")


def test_what_is_asked_for_by_key_is_found_by_key() -> None:
    asked = Book.objects(title="x", pk__in=["a", "b"])
    assert list(asked._query) == ["_id", "title"], "the stand-in takes the first that has an index"
    assert list(Book.objects(pk__gt="a", number=1)._query) == ["number", "_id"]
