"""From a written chapter to who finds it, over a real worker, its SQL and everybody's cache."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connections
from pytest_django import DjangoDbBlocker

from tests.factories import Caller, published_story, sign_in, write_child
from tests.queueing.workers import IO, Crew, wait_until
from tests.searching import find

ANYONE = Caller()


@pytest.fixture
def index(sql: Path, django_db_blocker: DjangoDbBlocker) -> Iterator[Path]:
    """Let this process search where the workers write: a database in memory is nobody else's."""
    ours = connections["default"]
    theirs = ours.copy()
    theirs.settings_dict["NAME"] = str(sql)
    connections["default"] = theirs
    with django_db_blocker.unblock():
        yield sql
        theirs.close()
    connections["default"] = ours


def test_what_is_written_is_found_and_what_is_gone_is_not(crew: Crew, index: Path) -> None:
    crew.start(IO, DATABASE_URL=f"sqlite:///{index}")
    writer = sign_in("writer")
    story, root = published_story(writer)
    assert find(ANYONE, "zephyr") == []  # and so says the cache from now on
    leaf = write_child(writer, story, root, title="The zephyr")
    wait_until(lambda: find(ANYONE, "zephyr") == [f"chapter:{leaf}"])
    assert writer.delete(f"/stories/{story}/chapters/{leaf}").status_code == 204
    wait_until(lambda: find(ANYONE, "zephyr") == [])
