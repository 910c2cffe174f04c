"""Every way to write, with mongoengine and round it: read before, write, read after."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from mongoengine import CASCADE, fields
from pymongo import DeleteOne, InsertOne, UpdateOne

from storychain import documents, mongodb, redis
from storychain.cache import unannounced
from storychain.cache.invalidation import invalidates
from storychain.cache.region import Region
from storychain.cache.tags import Tag, tag
from storychain.documents import Change, Document, StringField, ensure_indexes, unit_of_work

SHELF = tag("wshelf", "a")


class Chamber(Document):
    """What shelves stand in, and go with."""

    name = StringField(primary_key=True)
    meta = {"collection": "w_rooms"}


class Rack(Document):
    """What is written in every way."""

    name = StringField(primary_key=True)
    size = fields.IntField(default=1)
    room = fields.ReferenceField(Chamber, reverse_delete_rule=CASCADE)
    meta = {"collection": "w_shelves", "indexes": ["room"]}


@invalidates(Rack)
def shelf_changed(change: Change[Rack]) -> Iterator[Tag]:
    """The page of all shelves."""
    yield SHELF


PAGE: Region[Any] = Region("w", ttl=60, type=Any, reads=("w_shelves",))


def stored() -> dict[str, int]:
    return {shelf["_id"]: shelf["size"] for shelf in raw().find()}


def page() -> dict[str, int]:
    found: dict[str, int] = PAGE.get_or_load("w:all", tags=[SHELF], load=stored).value
    return found


def raw() -> Any:
    return Rack._get_collection()


def save() -> None:
    shelf = Rack.objects.get(name="a")
    shelf.size = 2
    shelf.save()


@unit_of_work
def in_a_unit() -> None:
    save()
    Rack.objects(name="b").update_one(size=5)


@unit_of_work
def raw_in_a_unit() -> None:
    raw().update_one({"_id": "a"}, {"$set": {"size": 2}})


def raw_in_a_transaction() -> None:
    with mongodb.client().start_session() as session, session.start_transaction():
        raw().update_one({"_id": "a"}, {"$set": {"size": 2}}, session=session)


DOCUMENTS: dict[str, Callable[[], object]] = {
    "save": save,
    "save of a new one": lambda: Rack(name="c").save(),
    "insert": lambda: Rack.objects.insert(Rack(name="c")),
    "bulk insert": lambda: Rack.objects.insert([Rack(name="c"), Rack(name="d")]),
    "insert of more than are read": lambda: Rack.objects.insert(
        [Rack(name=f"n{number}") for number in range(11)]
    ),
    "update": lambda: Rack.objects().update(inc__size=1),
    "update of more than are read": lambda: [
        DOCUMENTS["insert of more than are read"](),
        page(),
        Rack.objects().update(inc__size=1),
    ],
    "update_one": lambda: Rack.objects(name="a").update_one(size=2),
    "document update": lambda: Rack.objects.get(name="a").update(size=2),
    "modify": lambda: Rack.objects(name="a").modify(size=2),
    "document modify": lambda: Rack.objects.get(name="a").modify(size=2),
    "upsert": lambda: Rack.objects(name="c").upsert_one(size=3),
    "upsert that updates": lambda: Rack.objects(name="a").update_one(upsert=True, size=3),
    "delete": lambda: Rack.objects.get(name="a").delete(),
    "delete of many": lambda: Rack.objects().delete(),
    "cascade": lambda: Chamber.objects.get(name="r").delete(),
    "a unit of work": in_a_unit,
}
AROUND: dict[str, Callable[[], object]] = {
    "insert_one": lambda: raw().insert_one({"_id": "c", "size": 1}),
    "insert_many": lambda: raw().insert_many([{"_id": "c", "size": 1}]),
    "update_one": lambda: raw().update_one({"_id": "a"}, {"$set": {"size": 2}}),
    "update_many": lambda: raw().update_many({}, {"$inc": {"size": 2}}),
    "replace_one": lambda: raw().replace_one({"_id": "a"}, {"size": 2}),
    "delete_one": lambda: raw().delete_one({"_id": "a"}),
    "delete_many": lambda: raw().delete_many({}),
    "find_one_and_update": lambda: raw().find_one_and_update({"_id": "a"}, {"$inc": {"size": 2}}),
    "find_one_and_delete": lambda: raw().find_one_and_delete({"_id": "a"}),
    "bulk_write": lambda: raw().bulk_write(
        [
            UpdateOne({"_id": "a"}, {"$inc": {"size": 1}}),
            DeleteOne({"_id": "b"}),
            InsertOne({"_id": "c", "size": 1}),
        ]
    ),
    "drop": lambda: raw().drop(),
    "in a unit of work": raw_in_a_unit,
    "in a transaction": raw_in_a_transaction,
}


@pytest.fixture(autouse=True)
def shelves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of them, read once."""
    monkeypatch.setattr(documents, "MOST_READ", 10)  # a thousand take long
    ensure_indexes()
    room = Chamber(name="r").save(force_insert=True)
    for name in ("a", "b"):
        Rack(name=name, room=room).save(force_insert=True)
    assert page() == {"a": 1, "b": 1}
    assert PAGE.get_or_load("w:all", tags=[SHELF], load=stored).state == "HIT"


def bumps() -> int:
    """Return how often the collection's tag moved, as 0 or 1: by its token."""
    return hash(redis.client("cache").get(redis.key("v", "all:w_shelves")))


@pytest.mark.parametrize("way", DOCUMENTS)
def test_documents_are_read_as_they_were_written(way: str) -> None:
    before = bumps()
    DOCUMENTS[way]()
    assert page() == stored() != {"a": 1, "b": 1}
    assert (bumps() != before) == ("more than are read" in way), "the collection as a whole"


@pytest.mark.parametrize("way", AROUND)
def test_what_goes_round_the_documents_is_noticed(way: str) -> None:
    before = bumps()
    AROUND[way]()
    assert page() == stored() != {"a": 1, "b": 1}
    assert bumps() != before
    assert PAGE.get_or_load("w:all", tags=[SHELF], load=stored).state == "HIT"


def test_a_unit_that_rolls_back_changes_nothing_that_is_read() -> None:
    @unit_of_work
    def fail() -> None:
        save()
        raw().delete_one({"_id": "b"})
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert page() == stored() == {"a": 1, "b": 1}


def test_a_transaction_that_is_aborted_leaves_no_intent() -> None:
    with mongodb.client().start_session() as session:
        session.start_transaction()
        raw().delete_one({"_id": "b"}, session=session)
        assert PAGE.get_or_load("w:all", tags=[SHELF], load=stored).state == "BYPASS"
        session.abort_transaction()
    assert page() == {"a": 1, "b": 1}
    assert PAGE.get_or_load("w:all", tags=[SHELF], load=stored).state == "HIT"


def test_a_bump_that_goes_wrong_is_counted_and_owed(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise redis_error

    redis_error = ConnectionError("gone")
    before = unannounced.UNHEARD._value.get()
    with monkeypatch.context() as patch:
        patch.setattr(unannounced.protocol, "begin", fail)
        patch.setattr(unannounced.protocol, "end", fail)
        raw().delete_one({"_id": "b"})
    assert unannounced.UNHEARD._value.get() > before
    assert page() == {"a": 1}
