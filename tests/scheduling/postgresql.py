"""A PostgreSQL of a test's own, that can be stopped and started again."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from tests.queueing.servers import free_port

BIN = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)
CAN_SWITCH = os.geteuid() != 0 or shutil.which("runuser") is not None
IS_HERE = BIN is not None and CAN_SWITCH
MISSING = "PostgreSQL's binaries (Debian: postgresql) are not here, so nothing ran on it"
_numbers = count(1)


class Cluster:
    """One server with one database, `sc`, owned by `ours`."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._data, self.port = folder, str(folder / "data"), free_port()
        self._run("initdb", "-D", self._data, "-U", "ours", "-A", "trust")

    def url(self, role: str = "ours") -> str:
        return f"postgres://{role}@127.0.0.1:{self.port}/sc"

    def start(self) -> None:
        options = (
            f"-p {self.port} -c listen_addresses=127.0.0.1"
            f" -c unix_socket_directories={self._folder} -c fsync=off"
        )
        log = str(self._folder / "log")
        self._run("pg_ctl", "-D", self._data, "-l", log, "-o", options, "-w", "start")

    def create(self) -> None:
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "ours", "sc")

    def stop(self) -> None:
        """Stop it as a machine that loses its power: whoever is connected is cut off."""
        self._run("pg_ctl", "-D", self._data, "-m", "immediate", "stop")

    def _run(self, program: str, *words: str) -> None:
        """Run a program as `postgres` where we are root: PostgreSQL refuses to be run by root."""
        prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        command = [*prefix, f"{BIN}/{program}", *words]
        done = subprocess.run(
            command, cwd=self._folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def run_cluster() -> Iterator[Cluster]:
    """Start one; nothing of it is left at the end."""
    name = f"storychain-pg-{os.getpid()}-{next(_numbers)}"
    folder = Path(os.path.realpath("/tmp")) / name  # noqa: S108 - postgres may not enter pytest's folders
    folder.mkdir(mode=0o700)
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    try:
        cluster = Cluster(folder)
        cluster.start()
        try:
            cluster.create()
            yield cluster
        finally:
            cluster.stop()
    finally:
        shutil.rmtree(folder)
