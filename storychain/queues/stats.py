"""How the queues are doing: one call for all, and its cost does not grow with the jobs."""

from collections import Counter
from itertools import accumulate
from typing import Any, NamedTuple

from storychain.queues.scripts import Script
from storychain.queues.topology import QUEUES


class _Row(NamedTuple):
    name: str
    waiting: int
    parked: int
    active: int
    delayed: int
    dead: int
    completed: int
    failed: int
    retained_completed: int
    retained_failed: int
    is_paused: bool
    oldest_ms: int
    run_times: list[list[str]]
    covered_ms: int


_stats = Script("stats", list[_Row])


def stats() -> list[dict[str, Any]]:
    """Return one dict a queue; raise RedisError if the ledger does not answer.

    Of those that are `waiting`, `parked` ones wait for a lock that another job holds.
    `completed` and `failed` count since the ledger was made, `retained` says how many of them can
    still be looked up; `oldest_age` and the run times are in seconds, `rate` is completed jobs a
    second, both of the last five to ten minutes.
    """
    return [_show(row) for row in _stats({"queues": list(QUEUES)})]


def _show(row: _Row) -> dict[str, Any]:
    jobs = _add_up(row.run_times)
    return {
        "name": row.name,
        "waiting": row.waiting,
        "parked": row.parked,
        "active": row.active,
        "completed": row.completed,
        "failed": row.failed,
        "delayed": row.delayed,
        "dead": row.dead,
        "paused": row.is_paused,
        "oldest_age": row.oldest_ms / 1000,
        "retained": {"completed": row.retained_completed, "failed": row.retained_failed},
        "rate": round(sum(jobs.values()) / row.covered_ms * 1000, 3),
        "run_time": _percentiles(jobs),
    }


def _add_up(slices: list[list[str]]) -> Counter[int]:
    jobs: Counter[int] = Counter()
    for flat in slices:
        for bucket, count in zip(flat[::2], flat[1::2], strict=True):
            jobs[int(bucket)] += int(count)
    return jobs


def _percentiles(jobs: Counter[int]) -> dict[str, float]:
    """Read a histogram whose nth bucket begins at 2**(n/4) - 1 ms: right within a fifth."""
    buckets = sorted(jobs)
    sums = list(accumulate(jobs[bucket] for bucket in buckets))
    return {f"p{share}": _quantile(buckets, sums, share) for share in (50, 95, 99)}


def _quantile(buckets: list[int], sums: list[int], share: int) -> float:
    if not sums:
        return 0.0
    wanted = sums[-1] * share / 100
    bucket = next(b for b, reached in zip(buckets, sums, strict=True) if reached >= wanted)
    return round((2 ** ((bucket + 1) / 4) - 1) / 1000, 4)
