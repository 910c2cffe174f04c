"""A writer that dies at the worst moment: `python -m tests.queueing.dying TRACE TEXT`."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import django
from django.conf import settings

ROOT = Path(__file__).parents[2]


def die_between_commit_and_push(*, trace: str, text: str) -> int:
    """Write a row in another process, which is killed before the job is pushed; return its code."""
    environ = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.queueing.settings",
        "KEY_PREFIX": settings.KEY_PREFIX,
        "MONGODB_URI": settings.MONGODB_URI,
        "REDIS_QUEUE_URL": settings.REDIS_QUEUE_URL,
    }
    command = [sys.executable, "-m", "tests.queueing.dying", trace, text]
    return subprocess.run(command, cwd=ROOT, env=environ, check=False).returncode


def _write_and_die(trace: str, text: str) -> None:
    from storychain import outbox
    from storychain.documents import unit_of_work
    from storychain.queues import ledger
    from tests.queueing import jobs

    def die(_: object) -> NoReturn:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    ledger.enqueue = die
    call = jobs.leave_trace.call(trace=trace, text=text)

    @unit_of_work
    def write() -> None:
        outbox.add(kind=call.kind, payload=call.payload, row_id=call.row_id)

    write()


if __name__ == "__main__":
    django.setup()
    _write_and_die(*sys.argv[1:])
