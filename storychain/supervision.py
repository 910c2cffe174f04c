"""Runs the commands of a Procfile side by side, and starts again what dies instead of stopping all.

1. Everything that they all need is loaded once (`preload`), here.
2. Each command is forked off and shares that memory; its output comes back with its name before it.
3. One that ends starts again, after a pause that grows while it keeps ending soon.
4. SIGINT or SIGTERM: each command is asked to stop and has time to; then it is ended, with whatever
   it has started. If we are killed, the kernel asks them (`embedded.die_with`).
"""

import datetime as dt
import gc
import os
import selectors
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import FrameType

from honcho.colour import get_colours
from honcho.environ import parse_procfile
from honcho.printer import Message, Printer

from storychain.forking import STOP_SIGNALS, fork_command

CHUNK_BYTES = 65_536
GRACE_SECONDS = 45
POLL_SECONDS = 0.2
SETTLED_SECONDS = 60
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1, 30


def preload(modules: Iterable[str]) -> None:
    """Load these modules too, to be shared by everything that is forked off."""
    for name in modules:
        import_module(name)
    gc.collect()
    gc.freeze()  # what is here stays: the collector need not touch, and so copy, its pages


@dataclass(kw_only=True, slots=True)
class _Kept:
    """One command: what runs of it now, and when it is to run again."""

    name: str
    command: str
    colour: str
    pid: int = 0
    output: int = -1
    unread: bytes = b""
    began_at: float = 0.0
    start_at: float = 0.0
    pause: int = FIRST_PAUSE_SECONDS
    was_asked: bool = False


class Supervisor:
    """The commands of a Procfile while they run."""

    def __init__(self, procfile: Path) -> None:
        """Read the Procfile."""
        commands = parse_procfile(procfile.read_text()).processes
        colours = get_colours()
        self._kept = [
            _Kept(name=name, command=command, colour=next(colours))
            for name, command in commands.items()
        ]
        self._printer = Printer(width=max(map(len, commands)))
        self._selector = selectors.DefaultSelector()
        self._stop_by = 0.0

    def start(self) -> None:
        """Start every command; from now on SIGINT and SIGTERM stop them all."""
        for number in STOP_SIGNALS:
            signal.signal(number, self._stop)
        for kept in self._kept:
            self._start(kept)

    def run(self) -> None:
        """Keep all running until told to stop and everything has ended."""
        while not self._stop_by or any(kept.pid for kept in self._kept):
            for key, _ in self._selector.select(POLL_SECONDS):
                self._print_output(key.data)
            for kept in self._kept:
                self._look_after(kept)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stop_by = self._stop_by or time.monotonic() + GRACE_SECONDS

    def _look_after(self, kept: _Kept) -> None:
        """Bury, stop or start a command, whatever is due."""
        if kept.pid and os.waitpid(kept.pid, os.WNOHANG)[0]:
            self._bury(kept)
        elif kept.pid and self._stop_by:
            self._see_off(kept)
        elif not kept.pid and not self._stop_by and time.monotonic() >= kept.start_at:
            self._start(kept)

    def _start(self, kept: _Kept) -> None:
        kept.pid, kept.output = fork_command(kept.command, name=kept.name)
        kept.began_at = time.monotonic()
        self._selector.register(kept.output, selectors.EVENT_READ, kept)

    def _see_off(self, kept: _Kept) -> None:
        """Ask the command alone, since a worker's children have jobs to finish; at last, end it."""
        if not kept.was_asked:
            kept.was_asked = True
            os.kill(kept.pid, signal.SIGTERM)
        elif time.monotonic() > self._stop_by:
            os.kill(kept.pid, signal.SIGKILL)

    def _bury(self, kept: _Kept) -> None:
        """End what the command has left behind; see that it runs again, later each time."""
        with suppress(ProcessLookupError):
            os.killpg(kept.pid, signal.SIGKILL)
        self._print_output(kept)
        self._selector.unregister(kept.output)
        os.close(kept.output)
        if time.monotonic() - kept.began_at > SETTLED_SECONDS:
            kept.pause = FIRST_PAUSE_SECONDS
        kept.start_at = time.monotonic() + kept.pause
        again = "" if self._stop_by else f"; starts again in {kept.pause} s"
        self._print(kept, f"ended (process {kept.pid}){again}")
        kept.pid, kept.pause = 0, min(kept.pause * 2, LONGEST_PAUSE_SECONDS)

    def _print_output(self, kept: _Kept) -> None:
        with suppress(BlockingIOError):
            while chunk := os.read(kept.output, CHUNK_BYTES):
                *lines, kept.unread = (kept.unread + chunk).split(b"\n")
                for line in lines:
                    self._print(kept, line.decode(errors="replace"))

    def _print(self, kept: _Kept, line: str) -> None:
        now = dt.datetime.now()  # noqa: DTZ005 - the operator's own clock
        self._printer.write(Message("line", line, now, kept.name, kept.colour))
