"""A clock that the environment sets, and deaths that it orders; loaded by a test's beat alone."""

import os
import signal
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from storychain.schedules import sending
from storychain.schedules.clock import Clock

HOST_AHEAD, BEGINS_AT, DIES_AFTER = "HOST_AHEAD", "BEGINS_AT", "DIES_AFTER"


class SetClock(Clock):
    """HOST_AHEAD: seconds that the host is off; BEGINS_AT: the shared time when this begins."""

    def __init__(self) -> None:
        super().__init__()
        begins_at = os.environ.get(BEGINS_AT)
        self._began, self._host_ahead = time.time(), float(os.environ.get(HOST_AHEAD, "0"))
        self._shift = timedelta()
        if begins_at:
            self._shift = datetime.fromisoformat(begins_at) - datetime.now(UTC)
        if seconds := os.environ.get(DIES_AFTER):
            die_after_sending(float(seconds))

    def read_host(self) -> datetime:
        return super().read_host() + self._shift + timedelta(seconds=self._host_ahead)

    def read_shared(self) -> datetime:
        return super().read_shared() + self._shift


def die_after_sending(seconds: float) -> None:
    """Kill this beat so many seconds after its first send; at 0 before it can record it."""
    send = sending.enqueue_many

    def send_and_die(calls: Any) -> list[str]:
        sent = send(calls)
        if seconds == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGKILL)).start()
        return sent

    sending.enqueue_many = send_and_die
