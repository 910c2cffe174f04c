"""The cache beside its peers and floors: hits, bumps, stampedes, memory, and who shows old pages.

Each measurement of a peer runs in a process of its own, as two of them patch Django. The stale
rate is that of one writer and two reader processes on one key, with half a millisecond to fifty
between two writes.
"""

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from storychain import embedded
from tests.benchmarks import cache_peers
from tests.benchmarks.measuring import Case

ROOT = Path(__file__).parents[2]
PEERS = ("cacheops", "cacheops_insideout", "cashews", "dogpile", "django", "django_page")
# A part of the full size, to see that it runs: SCALE=0.01.
SCALE = float(os.environ.get("SCALE", "1"))
SIZES = {"2k": 2_000, "20k": 20_000}
CALLS = int(2_000 * SCALE) or 1
CHECKED_OURS, CHECKED_PEERS = int(1_000_000 * SCALE), int(20_000 * SCALE)


@contextmanager
def cases() -> Iterator[list[Case]]:
    """Yield the cases, with a cache Redis of their own that may grow to 2 GB."""
    with ExitStack() as stack:
        home = stack.enter_context(tempfile.TemporaryDirectory())
        os.environ |= {
            "STORYCHAIN_HOME": home,
            "DJANGO_SETTINGS_MODULE": f"{__package__}.cache_settings",
        }
        os.environ |= stack.enter_context(embedded.servers(durable=False))
        import django

        django.setup()
        from django.core.management import call_command

        from storychain import redis

        call_command("migrate", verbosity=0)
        redis.client("cache").config_set("maxmemory", "2gb")
        names = PEERS if cache_peers.install() else ()
        yield [
            _week(),  # first, as it counts keys
            *_hits(),
            *(
                Case(
                    name=f"cache.hit.2k.{name}",
                    unit="us",
                    better="lower",
                    ours=partial(_measure, "hit", "ours", 2_000),
                    peer=partial(_measure, "hit", name, 2_000),
                    peer_name=name,
                    repeats=3,
                )
                for name in names
            ),
            *_bumps(),
            _stampede(),
            *_memory(),
            Case(
                name="cache.stale_reads",
                unit=f"of {CHECKED_OURS:,}",
                better="lower",
                ours=partial(_measure, "stale", "ours", CHECKED_OURS),
                repeats=1,
            ),
            *(
                Case(
                    name=f"cache.stale_reads.{name}",
                    unit=f"of {CHECKED_PEERS:,}",
                    better="lower",
                    ours=partial(_measure, "stale", "ours", CHECKED_PEERS),
                    peer=partial(_measure, "stale", name, CHECKED_PEERS),
                    peer_name=name,
                    repeats=1,
                )
                for name in names
            ),
        ]


def _measure(what: str, name: str, number: int) -> float:
    command = [sys.executable, "-m", "tests.benchmarks.cache_worker", what, name, str(number)]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=cache_peers.environ_of(name),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return float(done.stdout.strip().splitlines()[-1])


def _hits() -> Iterator[Case]:
    from storychain import redis
    from storychain.cache.region import Region
    from storychain.cache.tags import tag

    for label, size in SIZES.items():
        body, client = "x" * size, redis.client("cache")
        client.set(f"raw:{label}", body)
        region: Region[str] = Region("bench", ttl=600, type=str)
        read = partial(
            region.get_or_load, label, tags=[tag("story", label)], load=partial(str, body)
        )
        yield _timed(
            f"cache.hit.{label}", read, partial(client.get, f"raw:{label}"), "redis-py GET"
        )
        yield _timed(f"cache.hit_decoded.{label}", lambda read=read: read().value)
        if label == "2k":
            yield _timed("cache.hit.2k.socket", read, _raw_get(f"raw:{label}"), "raw socket GET")
            yield _timed("cache.hit.2k.dict", read, partial({"k": body}.get, "k"), "dict")


def _timed(
    name: str, ours: Callable[[], Any], peer: Callable[[], Any] | None = None, peer_name: str = ""
) -> Case:
    return Case(
        name=name,
        unit="us",
        better="lower",
        ours=partial(_per_call, ours),
        peer=partial(_per_call, peer) if peer else None,
        peer_name=peer_name,
        repeats=9,
    )


def _per_call(call: Callable[[], Any]) -> float:
    started = time.perf_counter()
    for _ in range(CALLS):
        call()
    return (time.perf_counter() - started) / CALLS * 1e6


def _raw_get(name: str) -> Callable[[], bytes]:
    from django.conf import settings

    host, port = settings.REDIS_CACHE_URL.partition("//")[2].partition("/")[0].split(":")
    wire = socket.create_connection((host, int(port)))
    command = f"*2\r\n$3\r\nGET\r\n${len(name)}\r\n{name}\r\n".encode()

    def get() -> bytes:
        wire.sendall(command)
        data = wire.recv(65536)
        while not data.endswith(b"\r\n"):
            data += wire.recv(65536)
        return data

    return get


def _bumps() -> Iterator[Case]:
    from storychain.cache import tags
    from storychain.cache.tags import tag

    few = tag("bench", "1")
    tags.end([few])
    for label, count in (("1k", 1_000), ("100k", 100_000), ("1m", 1_000_000)):
        name = tag("bench", label)
        fill = _Once(partial(_fill, name, int(count * SCALE)))

        def bump_many(name: Any = name, fill: "_Once" = fill) -> float:
            fill()
            return _per_call(lambda: tags.end([name]))

        yield Case(
            name=f"cache.bump.{label}_keys",
            unit="us",
            better="lower",
            ours=bump_many,
            peer=lambda: _per_call(lambda: tags.end([few])),
            peer_name="bump of a tag with 1 entry",
        )
    yield Case(
        name="cache.bump.bystander_p99",
        unit="us",
        better="lower",
        ours=lambda: _bystander(lambda: tags.end([tag("bench", "1m")])),
        peer=lambda: _bystander(None),
        peer_name="nobody bumps",
    )


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


def _bystander(work: Callable[[], None] | None) -> float:
    """Return another client's p99 of a GET, in us, while `work` is done 200 times a second."""
    from storychain import redis

    client, stop = redis.client("cache"), threading.Event()

    def go_on() -> None:
        while work and not stop.wait(0.005):
            work()

    thread = threading.Thread(target=go_on)
    thread.start()
    times = []
    for _ in range(5_000):
        started = time.perf_counter()
        client.get("raw:2k")
        times.append((time.perf_counter() - started) * 1e6)
    stop.set()
    thread.join()
    return statistics.quantiles(times, n=100)[98]


def _stampede() -> Case:
    def crowd(kind: Any) -> float:
        loads = []

        def load() -> str:
            loads.append(1)
            time.sleep(0.05)
            return "x"

        cache = kind(load)
        cache.write(lambda: None)
        with ThreadPoolExecutor(50) as pool:
            list(pool.map(lambda _: cache.read(), range(500)))
        return len(loads)

    return Case(
        name="cache.stampede.loads",
        unit="loads of 500 misses",
        better="lower",
        ours=partial(crowd, cache_peers.Ours),
        peer=partial(crowd, cache_peers.DjangoRedis),
        peer_name="django get_or_set",
        repeats=3,
    )


def _week() -> Case:
    from tests.checking.churn import live_a_week

    return Case(
        name="cache.week.keys_left",
        unit="keys, a simulated week after",
        better="lower",
        ours=lambda: live_a_week().left,
        repeats=1,
    )


def _memory() -> Iterator[Case]:
    from storychain import redis
    from storychain.cache.region import Region
    from storychain.cache.tags import tag

    def grow(work: Callable[[int], object], count: int = 2_000) -> float:
        client = redis.client("cache")
        before = client.info("memory")["used_memory"]
        for number in range(count):
            work(number)
        return (client.info("memory")["used_memory"] - before) / count

    region: Region[str] = Region("bench", ttl=600, type=str)
    run = iter(range(1_000))

    def entries_of_one_tag() -> float:
        mine = next(run)
        one = [tag("m", str(mine))]
        return (
            grow(lambda n: region.get_or_load(f"{mine}:{n}", tags=one, load=lambda: "x" * 2000))
            - 2002
        )

    def tags_alone() -> float:
        from storychain.cache import tags

        mine = next(run)
        return grow(lambda n: tags.end([tag("t", f"{mine}-{n}")]))

    yield Case(
        name="cache.bytes_per_entry",
        unit="bytes beyond the body",
        better="lower",
        ours=entries_of_one_tag,
        repeats=3,
    )
    yield Case(name="cache.bytes_per_tag", unit="bytes", better="lower", ours=tags_alone, repeats=3)
