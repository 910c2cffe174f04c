"""Ours and the peers behind one face: a queue's producer and its worker, on one Redis server.

Every measurement begins on an empty server with processes of its own, and counts what ran: jobs
that were lost or ran twice are kept in `astray`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import redis

from tests.benchmarks.board import MOST, VARIABLE, Board
from tests.queueing.workers import Crew, wait_until

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
PACKAGES = ROOT / ".bench" / "queue_peers"
SLOTS, BATCH, PAUSE_MS = 50, 1_000, 4
PROFILE = "production-medium"  # where the analytics queue has SLOTS


def install_bullmq() -> bool:
    """Install BullMQ beside the project, once; tell whether it is there."""
    if not shutil.which("npm"):
        return False
    if not (PACKAGES / "node_modules" / "bullmq").exists():
        PACKAGES.mkdir(parents=True, exist_ok=True)
        shutil.copy(HERE / "package.json", PACKAGES)
        command = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--silent"]
        return not subprocess.run(command, cwd=PACKAGES, check=False).returncode
    return True


class Side:
    """One queue system under measurement."""

    def __init__(self, *, url: str, folder: Path) -> None:
        """Use the server behind `url`; keep logs and the board in `folder`."""
        self.url, self.folder = url, folder
        self.board = Board(folder / "board")
        self.astray = 0
        os.environ[VARIABLE] = str(folder / "board")

    def begin(self) -> None:
        """Empty the server and the board."""
        with redis.Redis.from_url(self.url) as client:
            client.flushall()
        self.board.clear()

    @abstractmethod
    def enqueue_single(self, count: int) -> float:
        """Return jobs a second that one producer enqueues one after the other."""

    @abstractmethod
    def enqueue_bulk(self, count: int) -> float:
        """Return jobs a second that one producer enqueues BATCH at a time."""

    @abstractmethod
    def drain(self, count: int, *, name: str) -> float:
        """Return jobs a second that a worker of SLOTS slots gets done of a backlog."""

    @abstractmethod
    def pick_up(self, count: int) -> list[float]:
        """Return the ms from enqueue to start of jobs that come one by one to an idle worker."""

    def check(self, runs: Sequence[int]) -> None:
        """Keep how many jobs did not run exactly once."""
        self.astray += sum(times != 1 for times in runs)


class Ours(Side):
    """The ledger."""

    def enqueue_single(self, count: int) -> float:
        jobs = self._begin()
        seconds = _time(lambda: [jobs.note.enqueue(n=n) for n in range(count)])
        self._expect("waiting", count)
        return count / seconds

    def enqueue_bulk(self, count: int) -> float:
        jobs = self._begin()
        seconds = _time(lambda: self._fill(jobs.note, count))
        self._expect("waiting", count)
        return count / seconds

    def drain(self, count: int, *, name: str) -> float:
        from storychain.queues import desk

        jobs = self._begin()
        with self._worker(jobs.note):
            desk.pause_queue("analytics")
            self._fill(getattr(jobs, name), count)
            seconds = _time(lambda: (desk.resume_queue("analytics"), self._wait_for(count)))
        self.check(self.board.runs(count))
        return count / seconds

    def pick_up(self, count: int) -> list[float]:
        jobs = self._begin()
        with self._worker(jobs.note):
            enqueued = _space(count, lambda n: jobs.note.enqueue(n=n))
            self._wait_for(count)
        self.check(self.board.runs(count))
        return _between(enqueued, self.board.begun(count))

    def _begin(self) -> Any:
        from tests.benchmarks import jobs

        self.begin()
        return jobs

    @staticmethod
    def _fill(job: Any, count: int) -> None:
        from storychain.queues.jobs import enqueue_many

        for first in range(0, count, BATCH):
            last = min(first + BATCH, count)
            enqueue_many([job.call(n=n) for n in range(first, last)])

    @contextmanager
    def _worker(self, first: Any) -> Iterator[None]:
        crew = Crew(self.folder)
        try:
            crew.start(("analytics", "threads"), **OURS)
            first.enqueue(n=MOST - 1)
            wait_until(lambda: _row("analytics")["completed"] == 1)  # it listens
            yield
        finally:
            crew.dismiss()

    def _wait_for(self, count: int) -> None:
        wait_until(lambda: all(self.board.runs(count)), seconds=120, pause=0.005)
        wait_until(lambda: _row("analytics")["completed"] == count + 1, pause=0.001)

    def _expect(self, state: str, count: int) -> None:
        self.astray += abs(_row("analytics")[state] - count)


OURS = {
    "DJANGO_SETTINGS_MODULE": "tests.benchmarks.queue_settings",
    "STORYCHAIN_PROFILE": PROFILE,
    "LOG_LEVEL": "WARNING",
}


def _row(queue: str) -> dict[str, Any]:
    from storychain.queues.stats import stats

    return next(row for row in stats() if row["name"] == queue)


class BullMQ(Side):
    """BullMQ on node, retention and metrics on."""

    def enqueue_single(self, count: int) -> float:
        return self._enqueue("single", count=count)

    def enqueue_bulk(self, count: int) -> float:
        return self._enqueue("bulk", count=count, batch=BATCH)

    def drain(self, count: int, *, name: str) -> float:
        self.begin()
        with self._node() as ask:
            ask("pause")
            ask("bulk", count=count, batch=BATCH)
            ask("work", concurrency=SLOTS, ms=10 if name == "wait" else 0)
            seconds = ask("drain", count=count)
            self._check(ask("runs"), count)
        return float(count / seconds)

    def pick_up(self, count: int) -> list[float]:
        self.begin()
        with self._node() as work, self._node() as produce:
            work("work", concurrency=SLOTS, ms=0)
            enqueued = produce("spaced", count=count, pause_ms=PAUSE_MS)
            wait_until(lambda: len(work("runs")) >= count)
            runs = work("runs")
        self._check(runs, count)
        return _between(enqueued, [at for _, at in sorted(runs)])

    def _enqueue(self, what: str, *, count: int, **options: int) -> float:
        self.begin()
        with self._node() as ask:
            seconds = ask(what, count=count, **options)
            self.astray += abs(ask("counts")["waiting"] - count)
        return float(count / seconds)

    def _check(self, runs: list[tuple[int, int]], count: int) -> None:
        times = [0] * count
        for n, _ in runs:
            times[n] += 1
        self.check(times)

    @contextmanager
    def _node(self) -> Iterator[Callable[..., Any]]:
        port = self.url.rpartition(":")[2].partition("/")[0]
        command = ["node", str(HERE / "bull.mjs"), str(PACKAGES), port]
        node = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert node.stdin
        assert node.stdout

        def ask(what: str, **options: object) -> Any:
            print(json.dumps({"what": what, **options}), file=node.stdin, flush=True)
            return json.loads(node.stdout.readline())

        ask("counts")  # it is connected
        try:
            yield ask
        finally:
            node.stdin.close()
            node.wait(timeout=30)


class BareCelery(Side):
    """Celery's own queue; its backlog is timed from the first job's start to the last's."""

    def enqueue_single(self, count: int) -> float:
        tasks = self._begin()
        return self._enqueued(count, _time(lambda: [tasks.note.delay(n) for n in range(count)]))

    def enqueue_bulk(self, count: int) -> float:
        tasks = self._begin()

        def fill() -> None:
            with tasks.app.producer_or_acquire() as producer:
                for n in range(count):
                    tasks.note.apply_async((n,), producer=producer)

        return self._enqueued(count, _time(fill))

    def drain(self, count: int, *, name: str) -> float:
        tasks = self._begin()
        for n in range(count):
            getattr(tasks, name).delay(n)
        with self._worker():
            wait_until(lambda: all(self.board.runs(count)), seconds=120)
        self.check(self.board.runs(count))
        begun = self.board.begun(count)
        return (count - 1) / (max(begun) - min(begun)) * 1e9

    def pick_up(self, count: int) -> list[float]:
        tasks = self._begin()
        with self._worker():
            tasks.note.delay(count)
            wait_until(lambda: self.board.runs(count + 1)[count])  # it listens
            enqueued = _space(count, tasks.note.delay)
            wait_until(lambda: all(self.board.runs(count)))
        self.check(self.board.runs(count))
        return _between(enqueued, self.board.begun(count))

    def _begin(self) -> Any:
        from tests.benchmarks.queue_peers import bare

        self.begin()
        return bare

    def _enqueued(self, count: int, seconds: float) -> float:
        with redis.Redis.from_url(self.url) as client:
            self.astray += abs(client.llen("celery") - count)
        return count / seconds

    @contextmanager
    def _worker(self) -> Iterator[None]:
        command = [sys.executable, "-m", "celery", "-A", "tests.benchmarks.queue_peers.bare"]
        words = ["worker", "-P", "threads", "-c", str(SLOTS), "--without-mingle", "-l", "ERROR"]
        with (self.folder / "bare.log").open("ab") as log:
            worker = subprocess.Popen([*command, *words], cwd=ROOT, stdout=log, stderr=log)
        try:
            yield
        finally:
            worker.kill()
            worker.wait()


def _time(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _space(count: int, enqueue: Callable[[int], object]) -> list[int]:
    """Enqueue one every PAUSE_MS; return when each was, in ns."""
    at = []
    for n in range(count):
        time.sleep(PAUSE_MS / 1000)
        at.append(time.monotonic_ns())
        enqueue(n)
    return at


def _between(earlier: Sequence[int], later: Sequence[int]) -> list[float]:
    return [(b - a) / 1e6 for a, b in zip(earlier, later, strict=True)]
