"""A process whose children carry out one write each, and die before whichever step they are told.

A step is a command that writes to MongoDB, or the moment at which a commit has been answered. The
suite tries those around the commit and a few more, others every time; `make soak ONLY=domain` all.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count, takewhile
from pathlib import Path
from typing import Any

from django.conf import settings

ROOT = Path(__file__).parents[2]
IS_FULL = os.environ.get("DOMAIN_PROOF") == "full"
BEGIN, COMMIT, DONE = "begin", "commitTransaction", "committed"
BEFORE, AFTER = 2, 1  # how many more steps, before the commit and after it
Moment = tuple[str, int]  # before the nth step from the beginning, or from the first of this name

PARENT = """
import json, os, signal, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
import django
django.setup()
from django.utils import timezone
from django.utils.module_loading import import_string
from pymongo.monitoring import CommandListener
from storychain import mongodb

WRITES = ("insert", "update", "findAndModify", "delete", "commitTransaction")

class Death(CommandListener):
    since, number, steps = "begin", 0, []

    def count(self, name):
        self.steps.append(name)
        if self.since in ("begin", *self.steps):
            first = 0 if self.since == "begin" else self.steps.index(self.since)
            if len(self.steps) - first == self.number:
                os.kill(os.getpid(), signal.SIGKILL)

    def started(self, event):
        if event.command_name in WRITES:
            self.count(event.command_name)

    def succeeded(self, event):
        if event.command_name == "commitTransaction":
            self.count("committed")

    def failed(self, event):
        pass

death = Death()
mongodb.listen(death)
for line in sys.stdin:
    name, moment, arguments = json.loads(line)
    act = import_string(name)
    child = os.fork()
    if not child:
        death.since, death.number = moment
        act(**arguments, now=timezone.now())
        print(json.dumps(death.steps), flush=True)
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Mortals:
    """The children, one after the other.

    `steps` are those of the latest that came to its end; `is_over` tells whether the last one did.
    """

    steps: Sequence[str] = ()
    is_over = False

    def __init__(self, parent: subprocess.Popen[str], mongo: Any) -> None:
        self._parent, self._mongo = parent, mongo

    def do(self, name: str, moment: int | Moment = 0, /, **arguments: object) -> bool:
        """Let a child call a function, with `now`; tell whether it came to its end.

        It dies at this moment, or before this step, the first being 1; without any, never.
        """
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        when = (BEGIN, moment) if isinstance(moment, int) else moment
        self._parent.stdin.write(json.dumps([name, when, arguments]) + "\n")
        self._parent.stdin.flush()
        line = self._parent.stdout.readline()
        if line.startswith("["):
            self.steps, line = json.loads(line), self._parent.stdout.readline()
        code = int(line)
        assert code in (0, -signal.SIGKILL)
        # MongoDB lets go of what a dead one holds after 60 s, or when it is told to.
        self._mongo.admin.command({"killAllSessions": []})
        self.is_over = code == 0
        return self.is_over


def moments(children: Mortals) -> Iterator[Moment]:
    """Yield when somebody is to die who does what the latest child has done to its end, in order.

    Later lives may have a few steps more or less before the commit, such as those of a first badge.
    """
    if IS_FULL:
        children.is_over = False
        yield from takewhile(lambda _: not children.is_over, ((BEGIN, n) for n in count(1)))
        return
    commit = children.steps.index(COMMIT)
    late = len(children.steps) - children.steps.index(DONE)
    yield from ((BEGIN, n) for n in (1, *_some(range(2, commit - 1), BEFORE)))
    yield from ((COMMIT, 1), (DONE, 1), *((DONE, n) for n in _some(range(2, late + 1), AFTER)))


def _some(numbers: Sequence[int], most: int) -> Sequence[int]:
    return sorted(random.sample(numbers, min(most, len(numbers))))


@contextmanager
def mortals(mongo: Any) -> Iterator[Mortals]:
    """Start the parent, in the test's database and with its names in Redis."""
    environ = {
        **os.environ,
        "MONGODB_URI": settings.MONGODB_URI,
        "KEY_PREFIX": settings.KEY_PREFIX,
        "LOG_LEVEL": "ERROR",
    }
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(
        command, cwd=ROOT, env=environ, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        yield Mortals(parent, mongo)
        assert parent.stdin is not None
        parent.stdin.close()
