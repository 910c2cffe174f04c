"""The control: the same under bare Celery, to know that what the ledger withstands is real."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from celery import Celery

from tests.benchmarks.board import VARIABLE, Board
from tests.queueing.servers import QueueRedis
from tests.queueing.workers import ROOT, wait_until

MOST_STARTS = 3  # what a job of ours has


class Bare:
    """A bare Celery on a Redis of its own; its jobs note on a board that they began."""

    def __init__(self, *, url: str, folder: Path) -> None:
        self.board, self._log = Board(folder / "board"), folder / "bare.log"
        self._environ = {"REDIS_QUEUE_URL": url, VARIABLE: str(folder / "board")}
        self._workers: list[subprocess.Popen[bytes]] = []
        self._app = Celery(broker=url)

    def send(self, name: str, *args: object) -> None:
        self._app.send_task(name, args=args)

    def start(self, *words: str, **environ: str) -> None:
        command = [sys.executable, "-m", "celery", "-A", "tests.benchmarks.queue_peers.bare"]
        with self._log.open("ab") as log:
            worker = subprocess.Popen(
                [*command, "worker", "--without-mingle", "-n", f"w{len(self._workers)}", *words],
                cwd=ROOT,
                env={**os.environ, **self._environ, **environ},
                stdout=log,
                stderr=log,
            )
        self._workers.append(worker)

    def stop(self) -> None:
        """Kill them with their children: a warm shutdown would wait for jobs of 15 s."""
        for worker in self._workers:
            for process in psutil.Process(worker.pid).children(recursive=True):
                process.kill()
            worker.kill()
            worker.wait()
        self._app.close()


@pytest.fixture
def bare(queue_redis: QueueRedis, tmp_path: Path) -> Iterator[Bare]:
    found = Bare(url=queue_redis.url, folder=tmp_path)
    yield found
    found.stop()


def test_bare_celery_repeats_a_job_that_is_longer_than_the_visibility_timeout(bare: Bare) -> None:
    for _ in range(2):
        bare.start("-P", "threads", "-c", "4", VISIBILITY_TIMEOUT="1")
    bare.send("bench.wait", 0, 15)
    wait_until(lambda: bare.board.runs(1)[0] > 1, seconds=60)
    print(f"bare Celery: a job of 15 s began {bare.board.runs(1)[0]} times under a timeout of 1 s")


def test_bare_celery_starts_a_poison_job_again_and_again(bare: Bare) -> None:
    bare.start("-P", "prefork", "-c", "1")
    bare.send("bench.kill", 0)
    wait_until(lambda: bare.board.runs(1)[0] > MOST_STARTS, seconds=60)
    print(f"bare Celery: a poison job began {bare.board.runs(1)[0]} times, and goes on")
