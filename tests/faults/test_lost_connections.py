"""Connections to MongoDB that break in the middle of a write, and processes that fork."""

import os
import selectors
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from pymongo.uri_parser import parse_uri

from storychain import documents, mongodb
from storychain.documents import unit_of_work
from storychain.errors import Unavailable
from storychain.management.commands.relay import _relay
from tests.books import Book, add_book

ROOT = Path(__file__).parents[2]


class Wire:
    """A TCP proxy that can lose the answers to some messages: it passes them on and hangs up."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.word, self.losses, self.lost = b"commitTransaction", 0, 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                threading.Thread(target=self._pass_on, args=[near], daemon=True).start()

    def _pass_on(self, near: socket.socket) -> None:
        with near, socket.create_connection(self._target) as far, suppress(OSError):
            selector = selectors.DefaultSelector()
            selector.register(near, selectors.EVENT_READ, far)
            selector.register(far, selectors.EVENT_READ, near)
            is_losing = False
            while True:
                for key, _ in selector.select():
                    data = key.fileobj.recv(1 << 20)
                    if not data or (is_losing and key.fileobj is far):
                        return
                    if key.fileobj is near and self.word in data and self.lost < self.losses:
                        self.lost += 1
                        is_losing = True
                    key.data.sendall(data)


@pytest.fixture
def wire(settings: Any, mongo: Any) -> Iterator[Wire]:
    """A wire between this process and MongoDB."""
    documents.ensure_indexes()
    [target] = parse_uri(settings.MONGODB_URI)["nodelist"]
    found = Wire(target)
    base, _, name = settings.MONGODB_URI.rpartition("/")
    assert base
    settings.MONGODB_URI = f"mongodb://127.0.0.1:{found.port}/{name}?directConnection=true"
    mongodb.disconnect()
    yield found
    found.close()
    mongo.admin.command({"killAllSessions": []})  # what was begun and never ended


@pytest.fixture
def outcomes() -> Iterator[list[str]]:
    """How each unit ended, in order."""
    found: list[str] = []

    def hear(outcome: str, **_: object) -> None:
        found.append(outcome)

    documents.ended.connect(hear)
    yield found
    documents.ended.disconnect(hear)


def count_up() -> None:
    Book.objects(slug="a").update_one(inc__counts__reads=1)


def reads(mongo: Any, database: str) -> int:
    return mongo[database]["books"].find_one({"_id": "a"})["counts"]["reads"]


def test_a_commit_whose_answer_got_lost_is_asked_again_and_counts_once(
    wire: Wire, outcomes: list[str], mongo: Any, fresh_names: str
) -> None:
    add_book("a")
    wire.losses = 3
    count_up()
    assert wire.lost == 3
    assert outcomes == ["committed", "committed"]
    assert reads(mongo, fresh_names) == 1


def test_a_commit_that_nobody_answers_is_unknown_and_says_so(
    wire: Wire, outcomes: list[str], settings: Any, mongo: Any, fresh_names: str
) -> None:
    add_book("a")
    wire.losses, settings.UNIT_OF_WORK_SECONDS = 10_000, 0.5
    with pytest.raises(Unavailable, match="not known"):
        count_up()
    assert outcomes == ["committed", "unknown"]
    assert reads(mongo, fresh_names) == 1


def test_a_connection_that_breaks_before_the_commit_is_made_anew(
    wire: Wire, outcomes: list[str], mongo: Any, fresh_names: str
) -> None:
    add_book("a")
    wire.word, wire.losses = b"counts.reads", 2
    count_up()
    assert wire.lost == 2
    assert outcomes == ["committed", "aborted", "aborted", "committed"]
    assert reads(mongo, fresh_names) == 1


def test_a_database_that_is_away_is_not_waited_for_long(
    settings: Any, outcomes: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    settings.MONGODB_URI = "mongodb://127.0.0.1:1/away"
    settings.MONGO_TIMEOUT_MS = 200
    mongodb.disconnect()

    @unit_of_work
    def write() -> None:
        add_book("a")

    began_at = time.monotonic()
    with pytest.raises(Unavailable, match="does not answer"):
        write()
    assert time.monotonic() - began_at < 2
    assert outcomes == ["aborted"]
    assert _relay(threading.Event()) == 0
    assert "cannot be read" in caplog.text


FORKING = """
import os, sys, threading
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
import django
django.setup()
from storychain import mongodb
from tests.books import Book, add_book

add_book("a")
stop = threading.Event()
def go_on():
    while not stop.is_set():
        Book.objects(slug="a").update_one(inc__counts__reads=1)
busy = threading.Thread(target=go_on)
busy.start()
children = []
for _ in range(3):
    pid = os.fork()
    if pid == 0:
        ours = mongodb.client()
        for n in range(10):
            add_book(f"{os.getpid()}-{n}")
        os._exit(0)
    children.append(pid)
codes = [os.waitpid(pid, 0)[1] for pid in children]
stop.set()
busy.join()
assert Book.objects(slug="a").first().counts.reads > 0
print(codes, len(list(Book.objects)), flush=True)
"""


def test_forked_children_and_their_parent_write_on(settings: Any, fresh_names: str) -> None:
    environ = {**os.environ, "MONGODB_URI": settings.MONGODB_URI}
    command = [sys.executable, "-W", "error", "-c", FORKING]
    done = subprocess.run(
        command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.returncode) == ("[0, 0, 0] 31\n", 0), done.stderr


def test_two_threads_that_begin_at_once_share_one_connection() -> None:
    documents.disconnect()
    start = threading.Barrier(8)
    found = []

    def connect() -> None:
        start.wait()
        found.append(mongodb.client())

    threads = [threading.Thread(target=connect) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(client) for client in found}) == 1
