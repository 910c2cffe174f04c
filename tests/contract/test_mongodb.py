"""What we ask of MongoDB, asked in the way that a real one and the stand-in both answer.

The stand-in differs from MongoDB, mostly silently. For each difference this holds the way that is
right on both, or the ban on what has no such way. `MONGODB_URI=... make test` asks a real server.
"""

import re
import time
from pathlib import Path
from typing import Any

import mongoengine
import pymongo
import pytest
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import (
    DuplicateKeyError,
    ExecutionTimeout,
    InvalidOperation,
    NetworkTimeout,
    OperationFailure,
)
from pymongo.write_concern import WriteConcern

from storychain.documents import Document, StringField

ROOT = Path(__file__).parents[2]
MAJORITY = WriteConcern("majority", j=True)


class Word(Document):
    """Something with an indexed string."""

    text = StringField()
    meta = {"collection": "words", "indexes": ["text"]}


@pytest.fixture
def base(mongo: pymongo.MongoClient, fresh_names: str) -> Database:
    """The test's own database."""
    return mongo[fresh_names]


@pytest.fixture
def things(base: Database) -> Collection:
    """An empty collection with an index on what the tests look for."""
    things = base["things"]
    things.create_index("n")
    things.create_index("words")
    return things


# 1. A compiled regular expression on an indexed field finds nothing; `$regex` does.


@pytest.mark.parametrize(
    ("operator", "value"),
    [
        ("contains", "lantern"),
        ("icontains", "LANTERN"),
        ("startswith", "The"),
        ("istartswith", "the"),
        ("endswith", "(1)"),
        ("iexact", "the lantern (1)"),
        ("exact", "The lantern (1)"),
        ("wholeword", "lantern"),
        ("regex", "^The .*1\\)$"),
    ],
)
def test_every_pattern_operator_finds_on_an_indexed_field(operator: str, value: str) -> None:
    Word(text="The lantern (1)").save()
    Word(text="A lamp").save()
    assert [word.text for word in Word.objects(**{f"text__{operator}": value})] == [
        "The lantern (1)"
    ]


def test_a_pattern_may_be_negated() -> None:
    Word(text="The lantern").save()
    Word(text="A lamp").save()
    assert [word.text for word in Word.objects(text__not__startswith="The")] == ["A lamp"]


# 2. A path through an array in an expression gives nothing: `$unwind` or `$map` go into it.


def test_arrays_are_summed_by_unwind(things: Collection) -> None:
    things.insert_many([{"ways": [{"taken": 2}, {"taken": 3}]}, {"ways": [{"taken": 5}]}])
    rows = things.aggregate(
        [{"$unwind": "$ways"}, {"$group": {"_id": None, "taken": {"$sum": "$ways.taken"}}}]
    )
    assert [row["taken"] for row in rows] == [10]


def test_arrays_are_taken_apart_by_map(things: Collection) -> None:
    things.insert_one({"ways": [{"to": "a"}, {"to": "b"}]})
    ends = {"$map": {"input": "$ways", "in": "$$this.to"}}
    assert next(things.aggregate([{"$project": {"ends": ends}}]))["ends"] == ["a", "b"]


def test_distinct_values_in_arrays_come_from_unwind(things: Collection) -> None:
    things.insert_many([{"ways": [{"to": "a"}, {"to": "b"}]}, {"ways": [{"to": "a"}]}])
    rows = things.aggregate([{"$unwind": "$ways"}, {"$group": {"_id": "$ways.to"}}])
    assert sorted(row["_id"] for row in rows) == ["a", "b"]


# 3. Neither text index, `$where`, mapReduce, hashed index nor system.profile; 4. `$near` is
# unsorted; 5. a snapshot session sees later writes: nothing of ours may lean on them.


@pytest.mark.parametrize(
    "banned",
    [
        r"\$text\b",
        r"pymongo\.TEXT|search_text\(",
        r"\$where\b",
        r"\.exec_js\(",
        r"map_?reduce\(",
        r"pymongo\.HASHED|['\"]hashed['\"]",
        r"system\.profile",
        r"\$near\b|__near",
        r"snapshot\s*=\s*True",
        r"\.distinct\([^)]*\.",
    ],
)
def test_nothing_that_only_one_of_them_has_is_used(banned: str) -> None:
    sources = [*ROOT.glob("storychain/**/*.py"), *ROOT.glob("apps/**/*.py")]
    assert [str(path) for path in sources if re.search(banned, path.read_text())] == []


# 4. Quiet differences.


def test_counting_nothing_is_read_with_a_default(things: Collection) -> None:
    """MongoDB gives no row, the stand-in gives one of zero."""
    rows = things.aggregate([{"$match": {"n": 1}}, {"$count": "n"}])
    assert next(rows, {"n": 0})["n"] == 0


def test_a_range_on_an_array_is_asked_by_element(things: Collection) -> None:
    things.insert_many([{"_id": 1, "words": [1, 15]}, {"_id": 2, "words": [1, 30]}])
    found = things.find({"words": {"$elemMatch": {"$gte": 10, "$lt": 20}}})
    assert [row["_id"] for row in found] == [1]


def test_either_of_two_indexes_finds(things: Collection) -> None:
    """Only the result counts: the stand-in explains it as COLLSCAN."""
    things.insert_many([{"_id": 1, "n": 1}, {"_id": 2, "words": ["a"]}, {"_id": 3, "n": 3}])
    found = things.find({"$or": [{"n": 1}, {"words": "a"}]})
    assert sorted(row["_id"] for row in found) == [1, 2]


# 5. Every match is read before `limit`: a walk over many is one cursor, never page after page.


def test_one_cursor_walks_over_everything_in_order(things: Collection) -> None:
    things.insert_many([{"n": n} for n in reversed(range(500))])
    with things.find({"n": {"$gte": 0}}).sort("n").batch_size(50) as cursor:
        assert [row["n"] for row in cursor] == list(range(500))


def test_a_question_that_takes_too_long_ends_all_the_same(
    mongo: pymongo.MongoClient, things: Collection
) -> None:
    """The server's limit comes late on the stand-in, so the client has one of its own."""
    things.insert_many([{"n": n} for n in range(600)])
    cross = {"from": things.name, "pipeline": [{"$match": {"n": {"$gte": 0}}}], "as": "all"}
    began_at = time.monotonic()
    with pymongo.timeout(0.2), pytest.raises((ExecutionTimeout, NetworkTimeout)):
        list(things.aggregate([{"$lookup": cross}, {"$unwind": "$all"}, {"$sort": {"all.n": 1}}]))
    assert time.monotonic() - began_at < 5
    assert mongo.admin.command("ping")["ok"]


# Indexes that hold our invariants.


def test_a_unique_value_may_change_and_is_then_free(things: Collection) -> None:
    """Another stand-in lost its index by that."""
    things.create_index("slug", unique=True)
    things.insert_one({"_id": 1, "slug": "a"})
    things.update_one({"_id": 1}, {"$set": {"slug": "b"}})
    things.insert_one({"_id": 2, "slug": "a"})
    with pytest.raises(DuplicateKeyError):
        things.update_one({"_id": 2}, {"$set": {"slug": "b"}})
    assert things.find_one({"slug": "b"}) == {"_id": 1, "slug": "b"}


def test_a_partial_unique_index_binds_only_its_part(things: Collection) -> None:
    things.create_index(
        [("story", 1)], unique=True, partialFilterExpression={"is_root": True}, name="one_root"
    )
    things.insert_many([{"story": "s", "is_root": False}, {"story": "s", "is_root": False}])
    things.insert_one({"story": "s", "is_root": True})
    with pytest.raises(DuplicateKeyError):
        things.insert_one({"story": "s", "is_root": True})


# Transactions, as the unit of work uses them.


def test_a_transaction_carries_its_write_concern_and_is_all_or_nothing(
    mongo: pymongo.MongoClient, things: Collection
) -> None:
    with mongo.start_session() as session, session.bind():
        with session.start_transaction(write_concern=MAJORITY):
            things.insert_one({"_id": "kept"})
        with pytest.raises(ZeroDivisionError), session.start_transaction(write_concern=MAJORITY):
            things.insert_one({"_id": "lost"})
            raise ZeroDivisionError
    assert [row["_id"] for row in things.find()] == ["kept"]


def test_a_write_concern_on_the_collection_is_refused_inside(
    mongo: pymongo.MongoClient, things: Collection
) -> None:
    """So none stands in the URI; test_env.py has it refused."""
    careful = things.with_options(write_concern=MAJORITY)
    with mongo.start_session() as session, session.bind(), session.start_transaction():
        things.insert_one({})
        with pytest.raises((InvalidOperation, OperationFailure)):
            careful.insert_one({})
            session.commit_transaction()


def test_what_is_counted_inside_has_a_filter(
    mongo: pymongo.MongoClient, things: Collection
) -> None:
    things.insert_one({"n": 1})
    with mongo.start_session() as session, session.bind(), session.start_transaction():
        things.insert_one({"n": 2})
        assert things.count_documents({"n": {"$gte": 0}}) == 2


def test_two_transactions_on_one_document_conflict_and_say_that_it_may_be_tried_again(
    mongo: pymongo.MongoClient, things: Collection
) -> None:
    things.insert_one({"_id": 1, "n": 0})
    with mongo.start_session() as one, mongo.start_session() as other:
        one.start_transaction()
        other.start_transaction()
        things.update_one({"_id": 1}, {"$inc": {"n": 1}}, session=one)
        with pytest.raises(OperationFailure) as conflict:
            things.update_one({"_id": 1}, {"$inc": {"n": 1}}, session=other)
        assert conflict.value.has_error_label("TransientTransactionError")
        one.commit_transaction()
    assert things.find_one() == {"_id": 1, "n": 1}


def test_what_a_transaction_has_not_committed_is_seen_by_nobody(
    mongo: pymongo.MongoClient, things: Collection
) -> None:
    with mongo.start_session() as session:
        session.start_transaction()
        things.insert_one({"_id": 1}, session=session)
        assert things.find_one() is None
        session.abort_transaction()
    assert things.find_one() is None


def test_mongoengine_joins_the_transaction() -> None:
    Word.ensure_indexes()
    client: Any = mongoengine.get_connection()
    with client.start_session() as session, session.bind():
        session.start_transaction(write_concern=MAJORITY)
        Word._get_collection().insert_one({"text": "lost"})
        assert Word.objects(text="lost").first() is not None
        session.abort_transaction()
    assert Word.objects.first() is None
