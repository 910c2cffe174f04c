"""Whoever dies while it writes leaves the whole of a unit of work, or nothing of it."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from django.conf import settings

from storychain.documents import unit_of_work
from tests.books import Book

ROOT = Path(__file__).parents[2]

WRITER = """
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
import django
django.setup()
import threading
from storychain import outbox
from storychain.documents import unit_of_work
from tests.books import Book, add_book

outbox.handles("nobody")(lambda rows: [])

@unit_of_work
def act(name):
    add_book(name)
    Book.objects(slug="count").update_one(inc__counts__reads=1)
    for n in (1, 2):
        outbox.add(kind="nobody", payload={}, row_id=f"{name}-{n}")

def go_on(thread):
    for n in range(100_000):
        act(f"{os.getpid()}-{thread}-{n}")

if not Book.objects(slug="count").first():
    add_book("count")
act(f"{os.getpid()}-first")
for thread in range(2):
    threading.Thread(target=go_on, args=[thread]).start()
print("ready", flush=True)
"""


def live_and_die(seconds: float, environ: dict[str, str]) -> None:
    """Let a writer write for so long, then kill it."""
    command = [sys.executable, "-c", WRITER]
    writer = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE)
    assert writer.stdout is not None
    assert writer.stdout.readline() == b"ready\n"
    time.sleep(seconds)  # the moment of death is the test's input, not something awaited
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    writer.stdout.close()


@unit_of_work
def count_once_more() -> None:
    Book.objects(slug="count").update_one(inc__counts__reads=1)


def test_kill_9_leaves_a_write_with_all_that_follows_or_nothing(
    mongo: Any, fresh_names: str
) -> None:
    environ = {**os.environ, "MONGODB_URI": settings.MONGODB_URI, "LOG_LEVEL": "ERROR"}
    database = mongo[fresh_names]
    for life in range(1, 5):
        live_and_die(random.uniform(0, 0.25), environ)
        # MongoDB lets go of what a dead one holds after 60 s, or when it is told to.
        mongo.admin.command({"killAllSessions": []})
        count_once_more()
        [count] = [b["counts"]["reads"] for b in database["books"].find({"_id": "count"})]
        books = {b["_id"] for b in database["books"].find()} - {"count"}
        rows = {row["_id"] for row in database["outbox"].find()}
        assert len(books) == count - life
        assert rows == {f"{book}-{n}" for book in books for n in (1, 2)}
