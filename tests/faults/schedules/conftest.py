import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.queueing.fixtures import bells, crew, indexes, queue_redis, trace, wire
from tests.queueing.workers import Crew
from tests.scheduling.beats import Beats, Sql, beating

__all__ = ["bells", "crew", "indexes", "queue_redis", "trace", "wire"]


@pytest.fixture(scope="session")
def empty_sql(tmp_path_factory: pytest.TempPathFactory) -> Sql:
    """A database with all tables, made once."""
    sql = Sql(tmp_path_factory.mktemp("sql") / "empty.sqlite3")
    sql.migrate()
    return sql


@pytest.fixture
def sql(empty_sql: Sql, tmp_path: Path) -> Sql:
    """The test's own database."""
    path = tmp_path / "sql.sqlite3"
    shutil.copy(empty_sql.path, path)
    return Sql(path)


@pytest.fixture
def beats(tmp_path: Path, sql: Sql, bells: None) -> Iterator[Beats]:
    """Beats for this test, killed at its end."""
    with beating(tmp_path, sql) as running:
        yield running


@pytest.fixture
def worker(crew: Crew, sql: Sql) -> Crew:
    """A worker that runs what the schedules enqueue."""
    crew.start(DATABASE_URL=sql.url)
    return crew
