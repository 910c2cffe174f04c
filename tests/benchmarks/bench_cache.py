"""The cache beside its peers and floors: hits, bumps, stampedes, memory, and who shows old pages.

Each measurement of a peer runs in a process of its own, as two of them patch Django. The stale
rate is that of one writer and two reader processes on one key, with half a millisecond to fifty
between two writes.
"""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from storychain import embedded
from tests.benchmarks import cache_bumps, cache_peers
from tests.benchmarks.cache_pairs import CALLS, SCALE, Pair, in_turn
from tests.benchmarks.measuring import Case

ROOT = Path(__file__).parents[2]
PEERS = ("cacheops", "cacheops_insideout", "cashews", "dogpile", "django", "django_page")
SIZES = {"2k": 2_000, "20k": 20_000}
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
            *cache_bumps.bumps(),
            _stampede(),
            *cache_bumps.memory(),
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
    if peer is None:
        measured = partial(_per_call, ours)
        return Case(name=name, unit="us", better="lower", ours=measured, repeats=9)
    pair = Pair(partial(in_turn, ours, peer))
    return pair.as_case(name, peer_name=peer_name, repeats=9)


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
