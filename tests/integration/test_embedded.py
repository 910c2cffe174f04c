"""The embedded servers: started, found again, stopped, gone whatever happens to their parent."""

import json
import os
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pymongo
import pytest
import redis

from storychain import embedded, embedded_home
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
NAMES = ("REDIS_CACHE_URL", "REDIS_QUEUE_URL", "MONGODB_URI")
SHOW = f"import json, os; print(json.dumps({{name: os.environ[name] for name in {NAMES}}}))"
HOLD = """
import sys
from storychain import embedded
try:
    with embedded.servers(durable="careless" not in sys.argv) as urls:
        import json
        print(json.dumps(urls), flush=True)
        sys.stdin.read()
except embedded.CannotStart as error:
    sys.exit(str(error))
"""


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """An environment that names no server, with a home of its own."""
    unset = {**os.environ, "STORYCHAIN_HOME": str(tmp_path / "home")}
    return {name: value for name, value in unset.items() if name not in NAMES}


def test_a_command_has_all_servers_and_leaves_none(environ: dict[str, str]) -> None:
    done = run("-m", "storychain.embedded", "--", sys.executable, "-c", SHOW, environ=environ)
    urls = json.loads(done.stdout)
    assert set(urls) == set(NAMES)
    assert processes_of(environ) == []
    assert Path(environ["STORYCHAIN_HOME"]).stat().st_mode & 0o777 == 0o700


def test_the_exit_code_is_the_command_s(environ: dict[str, str]) -> None:
    command = (sys.executable, "-c", "raise SystemExit(7)")
    assert run("-m", "storychain.embedded", "--", *command, environ=environ).returncode == 7


def test_the_two_redis_and_mongodb_are_what_they_should_be(environ: dict[str, str]) -> None:
    with holding(environ) as urls:
        cache, queue = redis.Redis.from_url(urls[NAMES[0]]), redis.Redis.from_url(urls[NAMES[1]])
        with cache, queue, pymongo.MongoClient(urls[NAMES[2]]) as mongo:
            told = cache.info()
            assert (told["maxmemory_policy"], told["aof_enabled"]) == ("allkeys-lfu", 0)
            assert told["maxmemory"] > 0
            told = queue.info()
            assert (told["maxmemory_policy"], told["aof_enabled"]) == ("noeviction", 1)
            assert mongo.admin.command("hello")["setName"]


def test_what_was_written_is_there_again_but_for_the_cache(environ: dict[str, str]) -> None:
    with holding(environ) as urls, clients(urls) as (cache, queue, mongo):
        cache.set("key", "value")
        queue.set("key", "value")
        mongo.storychain.things.insert_one({"_id": "key"})
    with holding(environ) as urls, clients(urls) as (cache, queue, mongo):
        assert cache.get("key") is None
        assert queue.get("key") == b"value"
        assert mongo.storychain.things.find_one() == {"_id": "key"}


def test_what_was_acknowledged_survives_kill_9_of_everything(environ: dict[str, str]) -> None:
    with holding(environ) as urls, clients(urls) as (_, queue, mongo):
        queue.set("key", "value")
        mongo.storychain.things.insert_one({"_id": "key"})
        wait_until(lambda: queue.info()["aof_pending_bio_fsync"] == 0)
        for process in processes_of(environ):
            process.kill()
    with holding(environ) as urls, clients(urls) as (_, queue, mongo):
        assert queue.get("key") == b"value"
        assert mongo.storychain.things.find_one() == {"_id": "key"}


@pytest.mark.skipif(sys.platform != "linux", reason="prctl(2) is Linux's")
def test_kill_9_of_the_parent_leaves_nothing(environ: dict[str, str]) -> None:
    with holding(environ) as _:
        servers = processes_of(environ)
        parent = psutil.Process(servers[0].ppid())
        assert len(servers) == 3
        parent.kill()
        gone, alive = psutil.wait_procs(servers, timeout=15)
    assert (len(gone), alive) == (3, [])
    with holding(environ) as urls, clients(urls):
        pass


def test_a_server_that_dies_is_started_again_where_it_was(environ: dict[str, str]) -> None:
    with holding(environ) as urls, clients(urls) as (_, queue, mongo):
        queue.set("key", "value")
        for process in processes_of(environ):
            process.kill()

        def are_back() -> bool:
            with suppress(redis.RedisError, pymongo.errors.PyMongoError):
                return bool(queue.get("key") == b"value" and mongo.admin.command("ping"))
            return False

        wait_until(are_back)


def test_a_server_that_is_named_is_not_started(environ: dict[str, str]) -> None:
    environ["MONGODB_URI"] = os.environ["MONGODB_URI"]
    with holding(environ, "careless") as urls:
        assert set(urls) == set(NAMES[:2])
        assert len(processes_of(environ)) == 2


def test_a_command_uses_what_runs_already(environ: dict[str, str]) -> None:
    with holding(environ, "careless") as urls:
        code = "from config.env import Env; import os; print(Env.read(os.environ).mongodb_uri)"
        done = run("-m", "storychain.embedded", "--", sys.executable, "-c", code, environ=environ)
        assert done.stdout.strip() == urls["MONGODB_URI"]
        assert len(processes_of(environ)) == 3


def test_a_second_one_for_the_same_home_says_so_in_one_line(environ: dict[str, str]) -> None:
    with holding(environ, "careless"):
        assert "is in use by another process of this clone: stop" in refusal(environ)


def test_a_stale_servers_file_is_no_hindrance(environ: dict[str, str]) -> None:
    home = Path(environ["STORYCHAIN_HOME"])
    home.mkdir()
    (home / "servers.json").write_text(
        json.dumps({"pid": 1, "born": 0, "urls": {"MONGODB_URI": ""}})
    )
    with holding(environ, "careless") as urls:
        assert set(urls) == set(NAMES)
    assert not (home / "servers.json").exists()


def test_a_home_that_cannot_be_written_is_one_line(environ: dict[str, str]) -> None:
    Path(environ["STORYCHAIN_HOME"]).write_text("a file")
    assert "set STORYCHAIN_HOME to another folder" in refusal(environ)


def test_a_data_folder_that_cannot_be_made_is_one_line(environ: dict[str, str]) -> None:
    home = Path(environ["STORYCHAIN_HOME"])
    home.mkdir()
    (home / "mongodb").write_text("a file")
    assert "mongodb does not start" in refusal(environ)


def test_data_that_the_server_refuses_is_one_line_with_its_reason(environ: dict[str, str]) -> None:
    folder = Path(environ["STORYCHAIN_HOME"], "redis-queue", "appendonlydir")
    folder.mkdir(parents=True)
    (folder / "appendonly.aof.manifest").write_text("garbage\n")
    assert "redis-queue does not start (" in refusal(environ)


def test_a_full_disk_is_one_line(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(embedded_home, "NEEDED_BYTES", 2**70)
    with pytest.raises(embedded.CannotStart, match="is full: free some space"):
        embedded_home.check_disk(tmp_path)


def test_a_missing_mongodb_is_one_line(environ: dict[str, str], tmp_path: Path) -> None:
    """Seen by an interpreter that has our packages, but not their programs beside it."""
    lonely = tmp_path / "python"
    lonely.symlink_to(Path(sys.executable).resolve())
    environ |= {"PYTHONPATH": sysconfig.get_path("purelib"), "PATH": os.defpath}
    assert "No MongoDB server was found: `pip install" in refusal(environ, python=str(lonely))


def test_a_real_server_on_the_path_comes_first_if_it_is_new_enough(
    environ: dict[str, str], tmp_path: Path
) -> None:
    packaged = next(iter(embedded.KINDS["REDIS_CACHE_URL"].command(folder=tmp_path, port=1)))
    found = tmp_path / "redis-server"
    found.symlink_to(packaged)
    environ["PATH"] = str(tmp_path)
    with holding(environ, "careless"):
        assert str(found) in programs_of(environ)
    found.unlink()
    found.write_text("#!/bin/sh\necho 'Redis server v=6.2.1 sha=0'\n")
    found.chmod(0o755)
    with holding(environ, "careless"):
        assert str(found) not in programs_of(environ)


@pytest.mark.parametrize(
    ("name", "url", "why"),
    [
        ("REDIS_CACHE_URL", "redis://me:secret@127.0.0.1:1/0", "refused"),
        ("REDIS_QUEUE_URL", "redis://no-such-host.invalid/0", "no-such-host.invalid"),
        ("MONGODB_URI", "mongodb://me:secret@127.0.0.1:1/storychain", "refused"),
    ],
)
def test_an_unreachable_url_is_one_line_without_the_password(name: str, url: str, why: str) -> None:
    with pytest.raises(embedded.CannotStart) as refused:
        embedded.check_reachable({name: url})
    line = str(refused.value)
    assert line.startswith(f"{name} names ")
    assert why in line
    assert "secret" not in line
    assert "\n" not in line


def run(*words: str, environ: dict[str, str], python: str = sys.executable) -> Any:
    """Run Python with these words from the repository; return what came of it."""
    return subprocess.run(
        [python, *words], cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )


def refusal(environ: dict[str, str], **more: Any) -> str:
    """Return the one line with which the servers refuse to start."""
    before = processes_of(environ)
    done = run("-c", HOLD, environ=environ, **more)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert processes_of(environ) == before
    return str(done.stderr)


@contextmanager
def holding(environ: dict[str, str], *words: str) -> Iterator[dict[str, str]]:
    """Hold the servers in a process of their own; yield their URLs. "careless" ends them faster."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, *words],
        cwd=ROOT,
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout
        yield json.loads(parent.stdout.readline())
        with suppress(BrokenPipeError):
            parent.communicate()
    assert parent.returncode in {0, -signal.SIGKILL}


@contextmanager
def clients(urls: dict[str, str]) -> Iterator[tuple[redis.Redis, redis.Redis, Any]]:
    """Yield a client of the cache, of the queue and of MongoDB."""
    cache, queue = (redis.Redis.from_url(urls[name]) for name in NAMES[:2])
    with cache, queue, pymongo.MongoClient(urls["MONGODB_URI"]) as mongo:
        yield cache, queue, mongo


def processes_of(environ: dict[str, str]) -> list[psutil.Process]:
    """Return the server processes that work in this home."""
    return [p for p in psutil.process_iter() if works_in(p, environ["STORYCHAIN_HOME"])]


def works_in(process: psutil.Process, home: str) -> bool:
    """Say whether a process lives and works in this home: Redis moves there, MongoDB is told."""
    with suppress(psutil.Error):
        words = (*process.cmdline(), process.cwd())
        return process.status() != psutil.STATUS_ZOMBIE and any(w.startswith(home) for w in words)
    return False


def programs_of(environ: dict[str, str]) -> set[str]:
    """Return the programs that run in this home; Redis writes its address behind its name."""
    return {process.cmdline()[0].split(" ")[0] for process in processes_of(environ)}
