"""What time it is for schedules: that of the queue Redis, which all beats and workers share.

While Redis is away the host's own clock goes on from where both last agreed. A host that is more
than MOST_SKEW off is told of: its logs and links are wrong, though its schedules are not.
"""

import time
from datetime import UTC, datetime, timedelta
from functools import cache

from django.conf import settings
from django.utils.module_loading import import_string

from storychain.queues.scripts import LedgerAway, asking_ledger

MOST_SKEW = timedelta(seconds=5)


class Clock:
    """The shared time as this process knows it; SCHEDULE_CLOCK names another class in tests."""

    def __init__(self) -> None:
        """Believe the host until Redis has been asked."""
        self.skew = timedelta()

    def now(self) -> datetime:
        """Return the shared time."""
        try:
            shared = self.read_shared()
        except LedgerAway:
            return self.read_host() - self.skew
        self.skew = self.read_host() - shared
        return shared

    @property
    def is_off(self) -> bool:
        """Whether the host's clock is too far from the shared one."""
        return abs(self.skew) > MOST_SKEW

    def read_host(self) -> datetime:
        """Return this machine's time."""
        return datetime.fromtimestamp(time.time(), UTC)

    def read_shared(self) -> datetime:
        """Return the time of the queue Redis; raise LedgerAway if it does not answer."""
        with asking_ledger() as client:
            seconds, micros = client.time()
        return datetime.fromtimestamp(seconds, UTC) + timedelta(microseconds=micros)


@cache
def clock() -> Clock:
    """Return this process's clock."""
    made: Clock = import_string(settings.SCHEDULE_CLOCK)()
    return made
