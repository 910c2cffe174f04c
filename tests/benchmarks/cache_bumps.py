"""What a bump costs under many entries, who notices it, and what entries and tags weigh."""

import multiprocessing
import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from tests.benchmarks.cache_pairs import SCALE, Pair, in_turn
from tests.benchmarks.measuring import Case

SLICES, SLICE = 20, int(1_000 * SCALE) or 10


def bumps() -> Iterator[Case]:
    from storychain.cache import tags
    from storychain.cache.tags import tag

    few = tag("bench", "1")
    tags.end([few])
    for label, count in (("1k", 1_000), ("100k", 100_000), ("1m", 1_000_000)):
        name = tag("bench", label)
        fill = _Once(partial(_fill, name, int(count * SCALE)))

        def run(name: Any = name, fill: "_Once" = fill) -> tuple[float, float]:
            fill()
            return in_turn(lambda: tags.end([name]), lambda: tags.end([few]))

        yield Pair(run).as_case(
            f"cache.bump.{label}_keys", peer_name="bump of a tag with 1 entry", repeats=5
        )
    for ending, beside, peer_name in (
        ("", None, "nobody bumps"),
        # On two processors a third process is felt whatever it does.
        (".cpu", _think, "as much time without Redis"),
    ):
        bystander = Pair(partial(_stand_by, tag("bench", "1m"), beside))
        name = f"cache.bump.bystander_p99{ending}"
        yield bystander.as_case(name, peer_name=peer_name, repeats=5)


class _Once:
    """Something that is done the first time only."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._work: Callable[[], None] | None = work

    def __call__(self) -> None:
        if self._work:
            self._work()
            self._work = None


def _fill(name: Any, count: int) -> None:
    """Store `count` small entries under a tag, as a region would."""
    from storychain import redis
    from storychain.cache import entries, protocol

    prepared = protocol.prepare("-", [name], ())
    header = entries.Header(
        prepared.epoch, 600_000, 1, "", False, ((name, prepared.tag_tokens[0]),)
    )
    packed = entries.pack(header, b'"x"')
    for start in range(0, count, 5_000):
        with redis.client("cache").pipeline(transaction=False) as pipe:
            for number in range(start, min(start + 5_000, count)):
                pipe.set(redis.key("e", f"{name}:{number}"), packed)
            pipe.execute()


def _stand_by(name: Any, beside: Callable[[float], None] | None) -> tuple[float, float]:
    """Return another client's p99 of a GET, in us, with 200 bumps a second and without.

    A process of its own bumps, on and off by turns; while it does not, it does what is `beside`.
    """
    from storychain import redis

    client, processes = redis.client("cache"), multiprocessing.get_context("fork")
    is_on, is_over = processes.Event(), processes.Event()
    bumper = processes.Process(target=_keep_bumping, args=(name, beside, is_on, is_over))
    bumper.start()
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(SLICES):
        (is_on.clear if number % 2 else is_on.set)()
        time.sleep(0.01)  # until he has noticed
        for _ in range(SLICE):
            started = time.perf_counter()
            client.get("raw:2k")
            times[number % 2].append((time.perf_counter() - started) * 1e6)
    is_over.set()
    is_on.set()
    bumper.join()
    busy, quiet = (statistics.quantiles(found, n=100)[98] for found in times)
    return busy, quiet


def _keep_bumping(
    name: Any, beside: Callable[[float], None] | None, is_on: Any, is_over: Any
) -> None:
    from storychain.cache import tags

    seconds = 0.0
    while not is_over.wait(0.005):
        if is_on.is_set():
            started = time.perf_counter()
            tags.end([name])
            seconds = time.perf_counter() - started
        elif beside:
            beside(seconds)


def _think(seconds: float) -> None:
    """Use the processor for so long."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


def memory() -> Iterator[Case]:
    from storychain import redis
    from storychain.cache.region import Region
    from storychain.cache.tags import tag

    def mean_size(work: Callable[[int], object], pattern: str, count: int = 2_000) -> float:
        """Return the bytes that the server says it needs for each of the keys that `work` made."""
        client = redis.client("cache")
        for number in range(count):
            work(number)
        with client.pipeline(transaction=False) as pipe:
            for key in client.scan_iter(pattern, count=1_000):
                pipe.memory_usage(key, samples=0)
            sizes = pipe.execute()
        assert len(sizes) == count
        return statistics.mean(sizes)

    region: Region[str] = Region("bench", ttl=600, type=str)
    run = iter(range(1_000))

    def entries_of_one_tag() -> float:
        mine = next(run)
        one, load = [tag("m", str(mine))], lambda: "x" * 2_000
        size = mean_size(
            lambda n: region.get_or_load(f"{mine}:{n}", tags=one, load=load),
            redis.key("e", f"{mine}:*"),
        )
        return size - len(region.encode(load()))

    def tags_alone() -> float:
        from storychain.cache import tags

        mine = next(run)
        return mean_size(
            lambda n: tags.end([tag("t", f"{mine}-{n}")]), redis.key("v", f"t:{mine}-*")
        )

    yield Case(
        name="cache.bytes_per_entry",
        unit="bytes beyond the body",
        better="lower",
        ours=entries_of_one_tag,
        repeats=3,
    )
    yield Case(name="cache.bytes_per_tag", unit="bytes", better="lower", ours=tags_alone, repeats=3)
