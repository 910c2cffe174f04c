"""The queues beside BullMQ and bare Celery: enqueue, drain, pick-up; recovery, stats, the limit.

All on one Redis with a journal, retention and statistics on; every run is checked for exact
delivery: what was lost or ran twice stands in `queue.astray`, ours must be none.
"""

import os
import statistics
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from storychain import embedded
from tests.benchmarks.measuring import Case

ENQUEUED, BULK, DRAINED, WAITED, PICKED, BACKLOG, MAILS = (
    5_000,
    50_000,
    20_000,
    5_000,
    500,
    100_000,
    250,
)
SLOW = {"enqueue_bulk": 5_000, "drain_noop": 3_000, "drain_io10ms": 3_000}  # is enough for Celery
ANALYTICS, EXPORTS = f"{__package__}.bench_analytics", f"{__package__}.bench_exports"


@contextmanager
def cases() -> Iterator[list[Case]]:
    """Yield the cases, with servers of their own."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        os.environ |= {
            "STORYCHAIN_HOME": str(folder / "home"),
            "DJANGO_SETTINGS_MODULE": f"{__package__}.queue_settings",
        }
        (folder / "home").mkdir()
        os.environ |= stack.enter_context(embedded.servers())
        import django

        django.setup()
        yield [*_races(folder), *_alone(folder), *_of_neighbours()]


def _races(folder: Path) -> Iterator[Case]:
    from tests.benchmarks.queue_peers import sides

    url = os.environ["REDIS_QUEUE_URL"]
    ours, celery = (kind(url=url, folder=folder) for kind in (sides.Ours, sides.BareCelery))
    peers = {"bullmq": sides.BullMQ(url=url, folder=folder)} if sides.install_bullmq() else {}
    for name, peer in {**peers, "celery": celery}.items():
        yield from _rates(name, ours, peer)
        yield from _pick_ups(name, ours, peer)
    for name, peer in {**peers, "celery": celery}.items():
        yield Case(
            name=f"queue.astray.{name}",
            unit="jobs",
            better="lower",
            ours=partial(getattr, ours, "astray"),
            peer=partial(getattr, peer, "astray"),
            peer_name=name,
        )


def _rates(name: str, ours: Any, peer: Any) -> Iterator[Case]:
    def race(what: str, call: Callable[[Any, int], float], count: int) -> Case:
        theirs = SLOW.get(what, count) if name == "celery" else count
        return Case(
            name=f"queue.{what}.{name}",
            unit="jobs/s",
            better="higher",
            ours=lambda: call(ours, count),
            peer=lambda: call(peer, theirs),
            peer_name=name,
        )

    yield race("enqueue_single", lambda side, n: side.enqueue_single(n), ENQUEUED)
    yield race("enqueue_bulk", lambda side, n: side.enqueue_bulk(n), BULK)
    yield race("drain_noop", lambda side, n: side.drain(n, name="note"), DRAINED)
    yield race("drain_io10ms", lambda side, n: side.drain(n, name="wait"), WAITED)


def _pick_ups(name: str, ours: Any, peer: Any) -> Iterator[Case]:
    """Yield the median, which measures, and the p99 of the same measurement."""
    taken: dict[Any, list[float]] = {}

    def median(side: Any) -> float:
        taken[side] = side.pick_up(PICKED)
        return statistics.median(taken[side])

    def p99(side: Any) -> float:
        return statistics.quantiles(taken[side], n=100)[98]

    for label, figure in (("p50", median), ("p99", p99)):
        yield Case(
            name=f"queue.pickup_{label}.{name}",
            unit="ms",
            better="lower",
            ours=partial(figure, ours),
            peer=partial(figure, peer),
            peer_name=name,
        )


def _alone(folder: Path) -> Iterator[Case]:
    from tests.benchmarks.queue_peers.alone import recover, send_limited, time_stats

    for name, unit, take, repeats in (
        ("queue.recovery_s", "s", partial(recover, folder), 3),
        ("queue.stats_ms_100k", "ms", partial(time_stats, folder, BACKLOG), 5),
        ("queue.rate_limit_max_60s", "effects", partial(send_limited, folder, MAILS), 1),
    ):
        yield Case(name=name, unit=unit, better="lower", ours=take, repeats=repeats)


def _of_neighbours() -> Iterator[Case]:
    """Yield what features measure of their own jobs, where they do."""
    if find_spec(ANALYTICS):
        yield from import_module(ANALYTICS).queue_cases()
    if find_spec(EXPORTS) and import_module(EXPORTS).NOVEL.exists():
        for name in ("queue.export_pdf_s", "queue.export_epub_s"):
            yield Case(name=name, unit="s", better="lower", ours=partial(_export, name), repeats=1)


def _export(name: str) -> float:
    """Return seconds, of a whole system that runs only meanwhile: it would be in others' way."""
    with import_module(EXPORTS).cases() as found:
        return next(case for case in found if case.name == name).ours()
