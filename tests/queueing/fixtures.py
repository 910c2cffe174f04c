"""Fixtures of the tests that run jobs."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from kombu import pools
from pytest_django.fixtures import Settings

from tests.queueing.servers import QueueRedis, Wire
from tests.queueing.workers import Crew, hire


def aim(url: str, prefix: str) -> None:
    """Let this process's Celery ring where a test's workers listen."""
    from config.celery import app

    app.conf.broker_url = app.conf.broker_read_url = app.conf.broker_write_url = url
    options = {**app.conf.broker_transport_options, "global_keyprefix": f"{prefix}:celery:"}
    app.conf.broker_transport_options = options
    pools.reset()
    app._after_fork()


@pytest.fixture(autouse=True)
def indexes(fresh_names: str) -> None:
    """Create the indexes of the test's own database."""
    from storychain.documents import ensure_indexes

    ensure_indexes()


@pytest.fixture(autouse=True)
def bells(settings: Settings, fresh_names: str) -> Iterator[None]:
    """Ring under this test's own prefix."""
    from storychain import redis

    aim(settings.CELERY_BROKER_URL, fresh_names)
    yield
    aim(settings.CELERY_BROKER_URL, fresh_names)
    redis.disconnect()


@pytest.fixture
def crew(tmp_path: Path, bells: None) -> Iterator[Crew]:
    """Workers for this test, killed at its end."""
    with hire(tmp_path) as hired:
        yield hired


@pytest.fixture
def queue_redis(tmp_path: Path, settings: Settings, bells: None) -> Iterator[QueueRedis]:
    """A queue Redis for this test alone."""
    server = QueueRedis(tmp_path / "queue-redis")
    server.start()
    _use(server.url, settings)
    yield server
    server.kill()


@pytest.fixture
def wire(queue_redis: QueueRedis, settings: Settings) -> Iterator[Wire]:
    """The way to that server, which can be cut."""
    wire = Wire(queue_redis.port)
    _use(wire.url, settings)
    yield wire
    wire.close()


def _use(url: str, settings: Settings) -> None:
    from storychain import redis

    settings.REDIS_QUEUE_URL = settings.CELERY_BROKER_URL = url
    redis.disconnect()
    aim(url, settings.KEY_PREFIX)


@pytest.fixture
def trace(tmp_path: Path) -> str:
    """The file in which jobs leave their traces."""
    return str(tmp_path / "trace")
