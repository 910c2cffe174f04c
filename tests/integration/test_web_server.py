"""What gunicorn refuses by itself, before any view, is a problem like every other."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.queueing.servers import free_port
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
HOST = b"Host: localhost\r\n"
REFUSED = {
    "no request": (b"NONSENSE\r\n\r\n", 400, "bad-request"),
    "a bad version": (b"GET / HTTP/9.9\r\n" + HOST + b"\r\n", 400, "bad-request"),
    "no UTF-8": (b"GET /\xff\xfe HTTP/1.1\r\n" + HOST + b"\r\n", 400, "bad-request"),
    "a bad header": (b"GET / HTTP/1.1\r\n" + HOST + b"A: \x1b[31m\r\n\r\n", 400, "bad-request"),
    "two lengths": (
        b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
        400,
        "bad-request",
    ),
    "a long path": (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n" + HOST, 414, "uri-too-long"),
    "a long header": (
        b"GET / HTTP/1.1\r\n" + HOST + b"Authorization: Bearer " + b"a" * 9000 + b"\r\n\r\n",
        431,
        "request-header-fields-too-large",
    ),
}


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The web process of the Procfile, on a free port."""
    number = free_port()
    lines = (ROOT / "Procfile").read_text().splitlines()
    (command,) = [line.removeprefix("web:") for line in lines if line.startswith("web:")]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environ = {**os.environ, "HOST": "127.0.0.1", "PORT": str(number), "PATH": path}
    server = subprocess.Popen(f"exec {command}", shell=True, cwd=ROOT, env=environ)  # noqa: S602 - as a Procfile is run
    try:
        wait_until(lambda: listens(number), seconds=30)
        yield number
    finally:
        server.terminate()
        server.wait(30)


def listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def exchange(port: int, request: bytes) -> tuple[list[str], bytes]:
    """Send these bytes; return the lines of the answer's head, and its body."""
    answer = b""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as wire, suppress(OSError):
        wire.sendall(request)
        while more := wire.recv(65_536):
            answer += more
    head, _, body = answer.partition(b"\r\n\r\n")
    return head.decode("latin-1").split("\r\n"), body


@pytest.mark.parametrize(("request_bytes", "status", "code"), REFUSED.values(), ids=REFUSED)
def test_what_no_view_sees_is_refused_as_a_problem(
    port: int, request_bytes: bytes, status: int, code: str
) -> None:
    head, body = exchange(port, request_bytes)
    assert head[0].startswith(f"HTTP/1.1 {status} ")
    headers = dict(line.split(": ", 1) for line in head[1:])
    assert headers["Content-Type"] == "application/problem+json"
    assert int(headers["Content-Length"]) == len(body)
    problem = json.loads(body)
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["type"] == f"urn:storychain:problem:{code}"
    assert problem["request_id"] == headers["X-Request-ID"]


def test_a_search_of_4_kb_is_refused_by_the_view_which_names_the_field(port: int) -> None:
    request = b"GET /api/v1/search?q=" + b"a" * 4096 + b" HTTP/1.1\r\n" + HOST
    head, body = exchange(port, request + b"Connection: close\r\n\r\n")
    assert head[0] == "HTTP/1.1 400 Bad Request"
    assert list(json.loads(body)["errors"]) == ["q"]


def test_what_a_view_sees_is_served(port: int) -> None:
    request = b"GET /livez HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"
    head, body = exchange(port, request)
    assert (head[0], json.loads(body)) == ("HTTP/1.1 200 OK", {"status": "ok"})
