"""Search on a PostgreSQL of the suite's own: the same tests as on SQLite."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.queueing.workers import ROOT
from tests.scheduling.postgresql import IS_HERE, MISSING, run_cluster

pytestmark = pytest.mark.skipif(not IS_HERE, reason=MISSING)
SAME_TESTS = "tests/integration/test_search.py"


@pytest.mark.timeout(600)
def test_the_tests_of_search_hold_on_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", SAME_TESTS]
    with run_cluster() as cluster:
        environ = {**os.environ, "DATABASE_URL": cluster.url(), "STORYCHAIN_HOME": str(tmp_path)}
        done = subprocess.run(
            command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stdout[-5000:]
