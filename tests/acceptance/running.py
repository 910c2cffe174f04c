"""Starting the whole system as `make run` does, and making sure that nothing of it stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import httpx
import psutil

from tests.queueing.servers import free_port
from tests.unlimited import UNLIMITED

ROOT = Path(__file__).parents[2]
SERVERS = ("REDIS_CACHE_URL", "REDIS_QUEUE_URL", "MONGODB_URI", "DATABASE_URL", "CELERY_BROKER_URL")
T = TypeVar("T")


@dataclass
class Running:
    """A running system: where it is and how to run a command beside it."""

    url: str
    home: Path
    process: subprocess.Popen[bytes]
    environ: dict[str, str]

    @property
    def admin(self) -> tuple[str, str]:
        """The first login of the admin: name and password."""
        name, _, password = (self.home / "admin-login").read_text().strip().partition(":")
        return name, password

    def manage(self, *words: str) -> str:
        """Run a management command in the running system's environment; return what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def stop(self) -> int:
        """Stop it as an operator does (SIGTERM) and return the exit code; nothing may be left."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=60)
        _, alive = psutil.wait_procs(children, timeout=5)
        assert not alive, [" ".join(p.cmdline()) for p in alive]
        return code


def wait_until(condition: Callable[[], T | None], *, seconds: float) -> T:
    """Return the first true value of the condition; fail when there is none in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s: {condition.__name__}")


@contextmanager
def run_storychain(home: Path, **environ: str) -> Iterator[Running]:
    """Run everything in a home of its own on a free port; stop it cleanly at the end."""
    port = free_port()
    kept = {k: v for k, v in os.environ.items() if k not in SERVERS}
    env = {**UNLIMITED, **kept, "STORYCHAIN_HOME": str(home), "PORT": str(port), **environ}
    with (home / "up.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "up"], cwd=ROOT, env=env, stdout=log, stderr=log
        )
    running = Running(f"http://127.0.0.1:{port}", home, process, env)
    try:
        wait_until(lambda: _is_ready(running), seconds=180)
        yield running
    finally:
        code = running.stop() if process.poll() is None else process.returncode
        killed_by_test = -signal.SIGKILL
        assert code in {0, killed_by_test}, (home / "up.log").read_text()[-5000:]


def _is_ready(running: Running) -> bool:
    assert running.process.poll() is None, (running.home / "up.log").read_text()[-5000:]
    try:
        return httpx.get(f"{running.url}/readyz").status_code == 200
    except httpx.TransportError:
        return False
