"""What of the ledger is measured without a peer: recovery, stats, the e-mail limit."""

from __future__ import annotations

import statistics
import time
from bisect import bisect_left
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from tests.benchmarks.queue_peers.sides import OURS, Ours
from tests.queueing.workers import Crew, wait_until

EMAIL, NOTIFICATION = ("email", "threads"), ("notification", "threads")
CALLS = 200


@contextmanager
def _crew(folder: Path) -> Iterator[tuple[Ours, Crew]]:
    """Yield an empty ledger and people to work for it."""
    ours, crew = Ours(url=settings.REDIS_QUEUE_URL, folder=folder), Crew(folder)
    ours.begin()
    try:
        yield ours, crew
    finally:
        crew.dismiss()
        ours.begin()  # whoever comes next is not to wait for what is left over


def recover(folder: Path) -> float:
    """Return the seconds from a worker's death until its job runs in another one."""
    from tests.benchmarks import jobs

    with _crew(folder) as (ours, crew):
        victim = crew.start(NOTIFICATION, **OURS)
        jobs.hold.enqueue(n=0)
        wait_until(lambda: ours.board.runs(1) == [1])
        crew.start(NOTIFICATION, **OURS)
        killed_at = time.monotonic()
        victim.kill()
        wait_until(lambda: ours.board.runs(1) == [2], seconds=60)
        return ours.board.begun(1)[0] / 1e9 - killed_at


def time_stats(folder: Path, count: int) -> float:
    """Return the ms that the stats of all queues take, `count` jobs being there."""
    from storychain.queues.stats import stats

    with _crew(folder) as (ours, _):
        ours.enqueue_bulk(count)
        return statistics.median(_time(stats) for _ in range(CALLS))


def _time(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1e3


def send_limited(folder: Path, count: int) -> float:
    """Return the most effects in any 60 s, of three workers with `count` jobs to do."""
    from storychain.queues.jobs import enqueue_many
    from tests.benchmarks import jobs

    with _crew(folder) as (ours, crew):
        for _ in range(3):
            crew.start(EMAIL, **OURS)
        enqueue_many([jobs.limited.call(n=n) for n in range(count)])
        wait_until(lambda: all(ours.board.runs(count)), seconds=600, pause=0.5)
        ours.check(ours.board.runs(count))
        at = sorted(ours.board.begun(count))
    return max(bisect_left(at, begin + 60 * 10**9) - n for n, begin in enumerate(at))
