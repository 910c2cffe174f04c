"""Integration tests find every unique index in place, as after `manage.py up`."""

import uuid
from collections.abc import Iterator

import pymongo
import pytest

from tests.emptying import WRITTEN

# One database for all of them, emptied after each: its indexes cost more than most of the tests.
DATABASE = f"t{uuid.uuid4().hex[:12]}"
_indexed: set[str] = set()


@pytest.fixture
def database_name(mongo: pymongo.MongoClient) -> Iterator[str]:
    """Yield the name of a database that is empty but for its indexes."""
    yield DATABASE
    WRITTEN.empty(mongo, DATABASE)


@pytest.fixture(autouse=True)
def indexes(fresh_names: str) -> None:
    """Create the indexes of the test's database."""
    from storychain.documents import ensure_indexes

    if fresh_names not in _indexed:
        ensure_indexes()
    _indexed.add(fresh_names)
