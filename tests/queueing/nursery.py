"""Celery commands as forks of a process that has loaded the libraries, and nothing of ours.

Loading them is most of what a worker costs before it is ready. Everything that is made by the
environment (settings, connections, figures) is loaded in the fork, as in a process of its own.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
from functools import cache
from multiprocessing.context import ForkServerContext
from pathlib import Path

LIBRARIES = [
    *("celery.bin.celery", "celery.bin.amqp", "celery.apps.worker", "celery.apps.beat"),
    *("celery.worker.components", "celery.concurrency.prefork", "celery.concurrency.thread"),
    *("kombu.transport.redis", "kombu.transport.pyamqp", "redis.cluster", "hiredis"),
    *(
        "mongoengine",
        "pymongo.monitoring",
        "msgspec",
        "psutil",
        "cryptography.hazmat.bindings._rust",
    ),
    *("django.core.management", "django.db.models", "django.test.client", "django.views.generic"),
    *("structlog", "rich.console", "psycopg", "yaml", "markdown_it", "nh3", "jsonschema", "jwt"),
]


class Forked:
    """A command in a fork, used as a `subprocess.Popen` is."""

    def __init__(self, command: list[str], *, cwd: Path, env: dict[str, str], log: Path) -> None:
        """Start it; what it prints is added to the log."""
        self.args = command
        log.touch()
        self._process = _context().Process(target=_run, args=(command, str(cwd), env, str(log)))
        self._process.start()
        self.pid = self._process.pid or 0

    @property
    def returncode(self) -> int | None:
        """What it ended with; below zero, the signal that ended it."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """Return the same."""
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; raise TimeoutExpired if it does not come in time."""
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it."""
        self.send_signal(signal.SIGKILL)


@cache
def _context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(LIBRARIES)
    return context


def _run(command: list[str], cwd: str, env: dict[str, str], log: str) -> None:
    """Become the command."""
    with open(log, "ab") as output:  # noqa: PTH123 - of the fork
        for number in (1, 2):
            os.dup2(output.fileno(), number)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    sys.path.insert(0, cwd)
    sys.argv = ["celery", *command]
    runpy.run_module("celery", run_name="__main__", alter_sys=True)
