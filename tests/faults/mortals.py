"""A process whose children carry out one write each, and die before whichever step they are told.

A step is a command that writes to MongoDB, or the moment at which a commit has been answered.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings

ROOT = Path(__file__).parents[2]

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
    left = 0

    def count(self):
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def started(self, event):
        if event.command_name in WRITES:
            self.count()

    def succeeded(self, event):
        if event.command_name == "commitTransaction":
            self.count()

    def failed(self, event):
        pass

death = Death()
mongodb.listen(death)
for line in sys.stdin:
    name, step, arguments = json.loads(line)
    act = import_string(name)
    child = os.fork()
    if not child:
        death.left = step
        act(**arguments, now=timezone.now())
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Mortals:
    """The children, one after the other."""

    def __init__(self, parent: subprocess.Popen[str], mongo: Any) -> None:
        self._parent, self._mongo = parent, mongo

    def do(self, name: str, step: int, **arguments: object) -> bool:
        """Let a child call a function, with `now`; tell whether it came to its end."""
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        self._parent.stdin.write(json.dumps([name, step, arguments]) + "\n")
        self._parent.stdin.flush()
        code = int(self._parent.stdout.readline())
        assert code in (0, -signal.SIGKILL)
        # MongoDB lets go of what a dead one holds after 60 s, or when it is told to.
        self._mongo.admin.command({"killAllSessions": []})
        return code == 0


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
