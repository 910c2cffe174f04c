"""The five queues: one table of what each may do at the same time, and on what terms."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from django.conf import settings

EMAIL, NOTIFICATION, ANALYTICS = "email", "notification", "analytics"
CLEANUP, EXPORT = "cleanup", "export"
PROFILES = ("development", "production-small", "production-medium", "production-large")


class Limit(NamedTuple):
    """At most `most` effects in any `seconds`, over all workers together."""

    most: int
    seconds: float


@dataclass(frozen=True)
class Queue:
    """One row: `slots` are jobs at the same time in one worker, a number for each of PROFILES."""

    name: str
    pool: Literal["threads", "prefork"]
    slots: tuple[int, int, int, int]
    lease: str = "QUEUE_LEASE_SECONDS"
    limit: Limit | None = None
    time_limit: int | None = None

    @property
    def concurrency(self) -> int:
        """Jobs at the same time in one worker, under STORYCHAIN_PROFILE."""
        profile: str = settings.STORYCHAIN_PROFILE
        return self.slots[PROFILES.index(profile)]

    @property
    def lease_ms(self) -> int:
        """How long a job is safe from others without a heartbeat."""
        seconds: float = getattr(settings, self.lease)
        return round(seconds * 1000)


QUEUES: Mapping[str, Queue] = {
    queue.name: queue
    for queue in (
        Queue(EMAIL, "threads", (2, 5, 10, 20), limit=Limit(100, 60)),
        Queue(NOTIFICATION, "threads", (5, 10, 20, 50)),
        Queue(ANALYTICS, "threads", (10, 20, 50, 100)),
        Queue(CLEANUP, "prefork", (1, 1, 1, 2), time_limit=900),
        Queue(
            EXPORT,
            "prefork",
            (1, 2, 3, 5),
            lease="QUEUE_EXPORT_LEASE_SECONDS",
            time_limit=900,
        ),
    )
}
