"""Schedules on a PostgreSQL of the suite's own: the same tests, and the whole stack on it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.running import run_storychain
from tests.queueing.servers import free_port
from tests.queueing.workers import ROOT

BIN = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)
CAN_SWITCH = os.geteuid() != 0 or shutil.which("runuser") is not None
pytestmark = pytest.mark.skipif(
    BIN is None or not CAN_SWITCH,
    reason="PostgreSQL's binaries (Debian: postgresql) are not here, so nothing ran on it",
)
SAME_TESTS = ("tests/integration/test_schedules.py", "tests/integration/test_schedules_admin.py")


def as_nobody_special(*command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command as `postgres` where we are root: PostgreSQL refuses to be run by root."""
    prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    done = subprocess.run([*prefix, *command], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an empty database in a cluster that is gone afterwards."""
    folder = Path(os.path.realpath("/tmp")) / f"storychain-pg-{os.getpid()}"  # noqa: S108 - postgres may not enter pytest's folders
    folder.mkdir(mode=0o700)
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    port, data = free_port(), str(folder / "data")
    log = str(folder / "log")
    options = (
        f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
    )
    try:
        as_nobody_special(f"{BIN}/initdb", "-D", data, "-U", "ours", "-A", "trust", cwd=folder)
        as_nobody_special(
            f"{BIN}/pg_ctl", "-D", data, "-l", log, "-o", options, "-w", "start", cwd=folder
        )
        as_nobody_special(
            f"{BIN}/createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "ours", "sc", cwd=folder
        )
        yield f"postgres://ours@127.0.0.1:{port}/sc"
    finally:
        as_nobody_special(f"{BIN}/pg_ctl", "-D", data, "-m", "immediate", "stop", cwd=folder)
        shutil.rmtree(folder)


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
