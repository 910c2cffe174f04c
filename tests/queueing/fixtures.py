"""Fixtures of the tests that run jobs."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from kombu import pools
from pytest_django.fixtures import Settings

from tests.queueing import rabbit
from tests.queueing.servers import QueueRedis, Wire
from tests.queueing.workers import ROOT, Crew, hire


def aim(url: str, prefix: str) -> None:
    """Let this process's Celery ring where a test's workers listen."""
    from config.celery import app, broker_settings

    app.conf.update(broker_settings(url), broker_read_url=url, broker_write_url=url)
    if url.startswith("redis"):
        app.conf.broker_transport_options = {
            **app.conf.broker_transport_options,
            "global_keyprefix": f"{prefix}:celery:",
        }
    pools.reset()
    app._after_fork()
    app.__dict__.pop("amqp", None)  # with it the queues, which are as the broker wants them


@pytest.fixture(autouse=True)
def indexes(fresh_names: str) -> None:
    """Create the indexes of the test's own database."""
    from storychain.documents import ensure_indexes

    ensure_indexes()


@pytest.fixture(autouse=True)
def bells(settings: Settings, fresh_names: str) -> Iterator[None]:
    """Ring under this test's own prefix."""
    from storychain import redis

    given = settings.CELERY_BROKER_URL
    aim(given, settings.KEY_PREFIX)
    yield
    aim(given, settings.KEY_PREFIX)
    redis.disconnect()


@pytest.fixture
def crew(tmp_path: Path, bells: None) -> Iterator[Crew]:
    """Workers for this test, killed at its end."""
    with hire(tmp_path) as hired:
        yield hired


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQL database that nobody writes to."""
    path = tmp_path_factory.mktemp("migrated") / "sql.sqlite3"
    environ = {**os.environ, "DATABASE_URL": f"sqlite:///{path}"}
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=environ, check=True
    )
    return path


@pytest.fixture
def sql(migrated: Path, tmp_path: Path) -> Path:
    """An SQL database of the test's workers."""
    return Path(shutil.copy(migrated, tmp_path))


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


@pytest.fixture(scope="session")
def rabbit_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A RabbitMQ for all tests that want one."""
    if rabbit.MISSING:
        pytest.skip(rabbit.MISSING)
    with rabbit.run_rabbit(tmp_path_factory.mktemp("rabbit") / "node") as url:
        yield url


@pytest.fixture
def rabbitmq(rabbit_url: str, settings: Settings, bells: None) -> None:
    """Bells by RabbitMQ; the ledger stays where it is."""
    settings.CELERY_BROKER_URL = rabbit_url
    aim(rabbit_url, settings.KEY_PREFIX)


def _use(url: str, settings: Settings) -> None:
    from storychain import redis

    settings.REDIS_QUEUE_URL = settings.CELERY_BROKER_URL = url
    redis.disconnect()
    aim(url, settings.KEY_PREFIX)


@pytest.fixture
def trace(tmp_path: Path) -> str:
    """The file in which jobs leave their traces."""
    return str(tmp_path / "trace")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where `leave_once` makes a file for each job that had its effect."""
    made = tmp_path / "effects"
    made.mkdir()
    return made
