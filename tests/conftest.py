"""A fresh Mongo database and key prefix for every test."""

import sys
import uuid
from collections.abc import Iterator
from contextlib import ExitStack

import pymongo
import pytest
import redis
from pymongo import monitoring
from pytest_django.fixtures import Settings

from tests.emptying import WRITTEN
from tests.index_audit import IndexAudit, audit

AUDIT = IndexAudit()
for listener in (AUDIT, WRITTEN):  # before any client is made
    monitoring.register(listener)


@pytest.fixture(scope="session")
def mongo() -> Iterator[pymongo.MongoClient]:
    """A client of the run's MongoDB, for what the platform's own connection should not see."""
    from django.conf import settings

    with pymongo.MongoClient(settings.MONGODB_URI) as client:
        yield client


@pytest.fixture(scope="session")
def redis_servers() -> Iterator[list[redis.Redis]]:
    """Clients of the run's two Redis servers."""
    from django.conf import settings

    with ExitStack() as stack:
        urls = settings.REDIS_CACHE_URL, settings.REDIS_QUEUE_URL
        yield [stack.enter_context(redis.Redis.from_url(url)) for url in urls]


@pytest.fixture
def database_name(mongo: pymongo.MongoClient) -> Iterator[str]:
    """Yield the name of a database that nobody else uses."""
    name = f"t{uuid.uuid4().hex[:12]}"
    yield name
    mongo.drop_database(name)


@pytest.fixture(autouse=True)
def fresh_names(
    settings: Settings,
    mongo: pymongo.MongoClient,
    redis_servers: list[redis.Redis],
    database_name: str,
) -> Iterator[str]:
    """Give the test a database, whose name is yielded, and a key prefix that nobody else uses."""
    name = database_name
    base, _, query = settings.MONGODB_URI.partition("?")
    settings.MONGODB_URI = base.rsplit("/", 1)[0] + f"/{name}" + (f"?{query}" if query else "")
    prefix = settings.KEY_PREFIX = f"t{uuid.uuid4().hex[:12]}"
    yield name
    # Keys of three thousand tests would make every SCAN of the last ones take a second.
    for server in redis_servers:
        if keys := list(server.scan_iter(f"*{prefix}*", count=1_000)):
            server.unlink(*keys)
    if "storychain.mongodb" in sys.modules:  # pure tests never load it
        sys.modules["storychain.mongodb"].disconnect()
        audit(AUDIT, mongo, name)
    if "storychain.redis" in sys.modules:
        sys.modules["storychain.redis"].breaker.cache_clear()  # one test's outage is not the next's
    if "storychain.queues.bells" in sys.modules:
        sys.modules["storychain.queues.bells"].breaker.cache_clear()
    if "storychain.patience" in sys.modules:
        sys.modules["storychain.patience"].be_patient(is_patient=False)  # as every process begins
