"""Real workers, as the Procfile starts them, for a test's own prefix and database."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import psutil
from django.conf import settings

from storychain.queues.presence import worker_health
from tests.queueing.nursery import Forked
from tests.queueing.sizes import PATIENCE

ROOT = Path(__file__).parents[2]
T = TypeVar("T")
IO = ("email,notification,analytics", "threads")
HEAVY = ("cleanup,export", "prefork")


def wait_until(condition: Callable[[], T | None], *, seconds: float = 20, pause: float = 0.02) -> T:
    """Return the first true value of the condition; fail when there is none in time."""
    end = time.monotonic() + seconds * PATIENCE
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(pause)
    raise AssertionError(f"not within {seconds} s")


def start_celery(*words: str, log: Path, **environ: str) -> Forked:
    """Start a Celery command in the test's own surroundings."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.queueing.settings",
        "KEY_PREFIX": settings.KEY_PREFIX,
        "MONGODB_URI": settings.MONGODB_URI,
        "REDIS_QUEUE_URL": settings.REDIS_QUEUE_URL,
        "CELERY_BROKER_URL": settings.CELERY_BROKER_URL,
        "LOG_LEVEL": "INFO",
        **environ,
    }
    return Forked(["-A", "config.celery", *words], cwd=ROOT, env=environment, log=log)


class Worker:
    """A Celery worker in a process of its own."""

    def __init__(self, *, name: str, kind: tuple[str, str], log: Path, **environ: str) -> None:
        queues, pool = kind
        self.name, self.log = name, log
        words = ["-Q", queues, "-P", pool, "-n", name, "--without-mingle", "--without-gossip"]
        words += ["-E"] if "EVENTS" in environ else []
        self.process = start_celery("worker", *words, log=log, **environ)

    def is_ready(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()[-3000:]
        rows = worker_health()["workers"]
        return any(row["worker"] == self.name and row["running"] for row in rows)

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        """Kill it and its children, as a machine that loses its power."""
        children = self.children()
        for process in (self.process, *children):
            process.kill()
        self.process.wait()
        psutil.wait_procs(children, timeout=5)

    def stop(self) -> int:
        """Stop it as a deploy does, and return its exit code."""
        children = self.children()
        self.send(signal.SIGTERM)
        code = self.process.wait(timeout=30)
        _, alive = psutil.wait_procs(children, timeout=5)
        assert not alive
        return code


class Crew:
    """The workers of one test; those that are left are killed when it ends."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._workers: list[Worker] = []

    def start(self, kind: tuple[str, str] = IO, **environ: str) -> Worker:
        name = f"w{len(self._workers)}@{settings.KEY_PREFIX}"
        worker = Worker(name=name, kind=kind, log=self._folder / f"{name}.log", **environ)
        self._workers.append(worker)
        wait_until(worker.is_ready, seconds=100)
        return worker

    @contextmanager
    def watch(self) -> Iterator[Path]:
        """Let Celery's own monitor write what it sees into a file."""
        dump = self._folder / "events"
        process = start_celery("events", "--dump", log=dump)
        try:
            wait_until(lambda: dump.stat().st_size > 0)
            yield dump
        finally:
            process.kill()
            process.wait()

    def logs(self) -> str:
        return "\n".join(worker.log.read_text() for worker in self._workers)

    def dismiss(self) -> None:
        for worker in self._workers:
            if worker.process.poll() is None:
                worker.kill()


@contextmanager
def hire(folder: Path) -> Iterator[Crew]:
    crew = Crew(folder)
    try:
        yield crew
    finally:
        crew.dismiss()
