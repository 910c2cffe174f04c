"""`manage.py up`, which is `make run`, as an operator meets it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import pymongo
import pytest

from storychain.embedded_home import running_urls
from tests.acceptance.running import ROOT, SERVERS, Running, run_storychain, wait_until
from tests.queueing.servers import free_port

PROCESSES = {"web", "worker-io", "worker-heavy", "beat", "relay"}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Everything, as `make run` starts it; at the end it stops with 0 and leaves nothing."""
    with run_storychain(tmp_path_factory.mktemp("home")) as running:
        yield running


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """An environment with a home of its own, a port that is free, and no server named."""
    unset = {**os.environ, "STORYCHAIN_HOME": str(tmp_path), "PORT": str(free_port())}
    return {name: value for name, value in unset.items() if name not in SERVERS}


def test_every_process_of_the_procfile_runs(running: Running) -> None:
    assert set(processes_of(running)) == PROCESSES


def test_it_says_where_everything_is(running: Running) -> None:
    told = wait_until(lambda: ready_box(running), seconds=10)
    for fact in ("/api/v1/docs", "/admin/", running.admin[1], "/ops/", "mint_token"):
        assert fact in told
    for path in ("/api/v1/docs", "/admin/", "/ops/", "/health"):
        answer = httpx.get(running.url + path, follow_redirects=True, timeout=30)
        assert answer.status_code == 200, path


def test_the_first_admin_can_sign_in(running: Running) -> None:
    assert (running.home / "admin-login").stat().st_mode & 0o777 == 0o600
    with httpx.Client(base_url=running.url, follow_redirects=True, timeout=30) as browser:
        form = {"csrfmiddlewaretoken": browser.get("/admin/login/").cookies["csrftoken"]}
        form |= dict(zip(("username", "password"), running.admin, strict=True))
        answer = browser.post("/admin/login/?next=/admin/", data=form)
        assert answer.url.path == "/admin/"
        assert browser.get("/static/admin/css/base.css").status_code == 200


def test_a_command_beside_it_uses_its_servers(running: Running) -> None:
    assert running.manage("doctor", "--json")


def test_a_second_one_in_the_same_home_is_refused_in_one_line(running: Running) -> None:
    assert "is in use by another process of this clone" in refusal(
        {**running.environ, "PORT": str(free_port())}
    )


def test_a_second_one_on_the_same_port_is_refused_before_anything_starts(
    running: Running, environ: dict[str, str]
) -> None:
    port = running.environ["PORT"]
    assert f"Port {port} is in use" in refusal({**environ, "PORT": port})
    assert not list(Path(environ["STORYCHAIN_HOME"]).glob("redis*"))


@pytest.mark.parametrize("name", sorted(PROCESSES))
def test_a_process_that_dies_is_started_again(running: Running, name: str) -> None:
    victim = processes_of(running)[name]
    family = [victim, *victim.children(recursive=True)]
    victim.kill()
    wait_until(lambda: processes_of(running).get(name, victim) != victim, seconds=30)
    assert psutil.wait_procs(family, timeout=10)[1] == []
    wait_until(lambda: is_ready(running), seconds=30)


def test_the_second_start_finds_what_the_first_has_written(tmp_path: Path) -> None:
    with run_storychain(tmp_path) as running:
        first_login = running.admin
        with client(running) as mongo:
            mongo.storychain.marks.insert_one({"_id": "mark"})
    with run_storychain(tmp_path) as running:
        assert running.admin == first_login
        with client(running) as mongo:
            assert mongo.storychain.marks.find_one() == {"_id": "mark"}
        kill_9_leaves_nothing(running)


def kill_9_leaves_nothing(running: Running) -> None:
    """End it as nobody should; all that it had started goes with it."""
    family = psutil.Process(running.process.pid).children(recursive=True)
    running.process.kill()
    assert running.process.wait() == -signal.SIGKILL
    if sys.platform == "linux":
        assert psutil.wait_procs(family, timeout=60)[1] == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_while_it_starts_leaves_nothing(
    environ: dict[str, str], number: signal.Signals
) -> None:
    with subprocess.Popen([sys.executable, "manage.py", "up"], cwd=ROOT, env=environ) as process:
        family = wait_until(lambda: psutil.Process(process.pid).children(), seconds=30)
        process.send_signal(number)
        assert process.wait(60) == 0
    assert psutil.wait_procs(family, timeout=5)[1] == []


def test_it_ends_with_the_parent_that_it_is_bound_to(environ: dict[str, str]) -> None:
    """As `make run` binds it: so nothing stays when make is killed."""
    starter = (
        "import subprocess, sys; subprocess.run([sys.executable, 'manage.py', 'up', '--bound'])"
    )
    with subprocess.Popen([sys.executable, "-c", starter], cwd=ROOT, env=environ) as process:

        def has_servers() -> list[psutil.Process] | None:
            family = psutil.Process(process.pid).children(recursive=True)
            return family if len(family) > 1 else None

        family = wait_until(has_servers, seconds=30)
        process.kill()
    assert psutil.wait_procs(family, timeout=30)[1] == []


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("REDIS_QUEUE_URL", "redis://127.0.0.1:1/0", "REDIS_QUEUE_URL names redis://127.0.0.1:1/0"),
        ("MONGODB_URI", "mongodb://127.0.0.1:1/x", "MONGODB_URI names mongodb://127.0.0.1:1/x"),
        ("DATABASE_URL", "sqlite:////nowhere/at/all", "What DATABASE_URL names"),
        ("PORT", "eight", "PORT='eight' cannot be used"),
        ("HOST", "203.0.113.1", "HOST='203.0.113.1'"),
        ("STORYCHAIN_HOME", "/proc/nowhere", "/proc/nowhere cannot be written"),
    ],
    ids=["queue", "mongodb", "sql", "port", "host", "home"],
)
def test_what_is_wrong_is_one_line(
    environ: dict[str, str], name: str, value: str, line: str
) -> None:
    assert line in refusal({**environ, name: value})


def refusal(environ: dict[str, str]) -> str:
    """Return the one line with which it refuses to start."""
    done = subprocess.run(
        [sys.executable, "manage.py", "up"],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1, done
    assert len(done.stderr.splitlines()) == 1, done.stderr
    return done.stderr


def processes_of(running: Running) -> dict[str, psutil.Process]:
    """Return the processes of the Procfile by their names there."""
    found = {}
    with suppress(psutil.Error):
        for process in psutil.Process(running.process.pid).children(recursive=True):
            with suppress(psutil.Error):
                if process.name() in PROCESSES and process.parent().name() not in PROCESSES:
                    found[process.name()] = process
    return found


def ready_box(running: Running) -> str | None:
    """Return what it has printed, once it is ready."""
    printed = (running.home / "up.log").read_text()
    return printed if "StoryChain is ready" in printed else None


def is_ready(running: Running) -> bool:
    """Ask /readyz."""
    with suppress(httpx.TransportError):
        return httpx.get(f"{running.url}/readyz").status_code == 200
    return False


def client(running: Running) -> Any:
    """Return a client of its MongoDB."""
    return pymongo.MongoClient(running_urls(home=running.home)["MONGODB_URI"])
