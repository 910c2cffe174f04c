"""Schedules on a PostgreSQL of the suite's own: the same tests, and the whole stack on it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.running import run_storychain
from tests.queueing.workers import ROOT
from tests.scheduling.postgresql import IS_HERE, MISSING, run_cluster

pytestmark = pytest.mark.skipif(not IS_HERE, reason=MISSING)
SAME_TESTS = ("tests/integration/test_schedules.py", "tests/integration/test_schedules_admin.py")


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    """The URL of an empty database in a cluster that is gone afterwards."""
    with run_cluster() as cluster:
        yield cluster.url()


@pytest.mark.timeout(600)
def test_the_tests_of_schedules_and_their_admin_hold_on_it(postgresql: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *SAME_TESTS]
    environ = {**os.environ, "DATABASE_URL": postgresql, "STORYCHAIN_HOME": str(tmp_path)}
    done = subprocess.run(
        command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-5000:]


@pytest.mark.timeout(300)
def test_the_whole_stack_runs_its_schedules_on_it(postgresql: str, tmp_path: Path) -> None:
    with run_storychain(tmp_path, DATABASE_URL=postgresql) as running:
        (run,) = json.loads(
            running.manage("schedules", "run", "health-check", "--wait", "60", "--json")
        )
        assert (run["schedule"], run["outcome"]) == ("health-check", "completed")
        (found,) = json.loads(running.manage("schedules", "history", "health-check", "--json"))
        assert found["by_hand"]
        assert not (tmp_path / "sql.sqlite3").exists()
