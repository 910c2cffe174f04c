"""A RabbitMQ of a test's own: ports, folder, cookie, and a port mapper that knows it alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from kombu import Connection

from tests.queueing.servers import free_port

# Debian's command of this name insists on one user and one folder for the whole machine.
SCRIPT = shutil.which("rabbitmq-server", path="/usr/lib/rabbitmq/bin") or shutil.which(
    "rabbitmq-server"
)
MAPPER = shutil.which("epmd")
MISSING = "" if SCRIPT and MAPPER else "no rabbitmq-server here: apt install rabbitmq-server"
START_SECONDS = 90


@contextmanager
def run_rabbit(folder: Path) -> Iterator[str]:
    """Start a node whose data is in `folder`; yield its URL; stop it at the end."""
    assert SCRIPT
    assert MAPPER
    folder.mkdir()
    mapper, port = free_port(), free_port()
    environ = _environ(folder, mapper=mapper, port=port)
    url = f"amqp://guest:guest@127.0.0.1:{port}//"
    with ExitStack() as stack, (folder / "log").open("ab") as log:
        # Started by us, so that the node starts none that would outlive it.
        for command in ([MAPPER, "-port", str(mapper)], [SCRIPT]):
            process = subprocess.Popen(command, env=environ, stdout=log, stderr=log)
            stack.callback(_end, process)
        _wait_for(url, process, folder / "log")
        yield url


def _environ(folder: Path, *, mapper: int, port: int) -> dict[str, str]:
    name = f"storychain{port}"
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),  # where Erlang makes a cookie of its own
        "LANG": "C.UTF-8",
        "ERL_EPMD_PORT": str(mapper),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RUNNING_UNDER_SYSTEMD": "1",  # no shell between us and the node
        "RABBITMQ_CONF_ENV_FILE": "/dev/null",
        "RABBITMQ_NODENAME": f"{name}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(free_port()),
        "RABBITMQ_MNESIA_BASE": str(folder),
        "RABBITMQ_LOG_BASE": str(folder),
        "RABBITMQ_CONFIG_FILE": str(folder / "none"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_FEATURE_FLAGS_FILE": str(folder / "flags"),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
    }


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        with suppress(OSError), Connection(url, connect_timeout=2) as connection:
            connection.connect()
            return
        time.sleep(0.2)
    raise AssertionError(log.read_text()[-3000:])


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
