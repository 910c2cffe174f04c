"""One measurement of one cache in a process of its own: `cache_worker.py WHAT PEER SIZE`.

    hit SIZE     microseconds a hit, the median of a few thousand
    stale COUNT  stale reads among COUNT checked ones, with one writer and two readers at work

Prints one number.
"""

import multiprocessing
import random
import statistics
import sys
import time
from typing import Any

import django

# Between two writes, seconds: at once, so that loads meet writes, and longer, so that reads hit.
PAUSES = (0.0005, 0.005, 0.05)
CALLS = 2_000


def hit(kind: Any, size: int) -> float:
    """Return microseconds a hit of a page of `size` bytes."""
    page = "x" * size
    cache = kind(lambda: page)
    for _ in range(200):
        cache.hit()
    times = []
    for _ in range(CALLS):
        started = time.perf_counter()
        cache.hit()
        times.append(time.perf_counter() - started)
    return statistics.median(times) * 1e6


def stale(kind: Any, count: int) -> float:
    """Return how many of `count` reads showed less than was acknowledged when they began."""
    processes = multiprocessing.get_context("fork")
    stored, acknowledged = processes.Value("q", 0), processes.Value("q", 0)
    found, stop = processes.Value("q", 0), processes.Event()
    written = processes.Event()

    def load() -> str:
        value = stored.value
        time.sleep(0.0005)  # a query takes its time
        return str(value)

    def read() -> None:
        cache = kind(load)
        written.wait()
        for _ in range(count // 2):
            floor = acknowledged.value
            if int(cache.read()) < floor:
                with found.get_lock():
                    found.value += 1

    def write() -> None:
        cache = kind(load)
        while not stop.wait(random.choice(PAUSES)):
            cache.write(lambda: setattr(stored, "value", stored.value + 1))
            acknowledged.value = stored.value
            written.set()

    readers = [processes.Process(target=read) for _ in range(2)]
    writer = processes.Process(target=write)
    for process in (*readers, writer):
        process.start()
    for process in readers:
        process.join()
    stop.set()
    writer.join()
    if writer.exitcode or any(reader.exitcode for reader in readers):
        raise RuntimeError("a process of the measurement died")
    print(f"{stored.value:,} writes", file=sys.stderr)
    return found.value


if __name__ == "__main__":
    django.setup()
    from tests.benchmarks.cache_peers import KINDS

    what, name, number = sys.argv[1:]
    kind = KINDS[name]
    print({"hit": hit, "stale": stale}[what](kind, int(number)))
