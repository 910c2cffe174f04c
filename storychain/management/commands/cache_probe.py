"""Leaves a probe running that writes, reads, and tells when the cache showed the past."""

import os
import signal
import socket
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from pymongo.errors import PyMongoError

from storychain.cache.probing import Prober
from storychain.errors import Unavailable


class Command(BaseCommand):
    """Probes until Ctrl-C or SIGTERM; exits 1 if anything old was shown."""

    help = "Write and read a document through the cache until stopped; exit 1 on anything stale."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the pause between two probes, and how many there shall be."""
        parser.add_argument("--interval", type=float, default=1.0, help="seconds between probes")
        parser.add_argument("--count", type=int, default=0, help="stop after so many probes")

    def handle(self, *, interval: float, count: int, **_: Any) -> None:
        """Probe until told to stop, then sum up; a MongoDB that is away is waited for."""
        if interval <= 0:
            raise CommandError("--interval is a number of seconds above 0.")
        stop, prober = threading.Event(), Prober(f"{socket.gethostname()}-{os.getpid()}")
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        done = 0
        while not stop.is_set():
            self._probe(prober)
            done += 1
            if done == count:
                break
            stop.wait(interval)
        self._sum_up(prober)

    def _probe(self, prober: Prober) -> None:
        try:
            for line in prober.probe():
                self.stderr.write(line)
        except (Unavailable, PyMongoError) as error:
            self.stderr.write(f"not probed: {error}")

    def _sum_up(self, prober: Prober) -> None:
        found = len(prober.violations)
        self.stdout.write(f"{prober.reads:,} reads, {found} of them showed the past.")
        if found:
            raise CommandError("The cache broke its promise: see the lines above.")
