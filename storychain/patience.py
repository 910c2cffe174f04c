"""How often a command to the cache is tried again: never while a request waits, else a few times.

Every process begins without patience. Those that answer no requests, as the relay, the workers and
the commands, take some: nobody waits for them, and a bump that comes late is better than none.
"""

from typing import Any

from django.conf import settings
from redis.backoff import AbstractBackoff
from redis.retry import Retry

STEP_SECONDS, LONGEST_SECONDS = 0.05, 2.0

_is_patient = False


def be_patient(*, is_patient: bool = True) -> None:
    """Let this process try every command to the cache CACHE_RETRIES times more, or once only."""
    global _is_patient  # noqa: PLW0603 - it is the process's
    _is_patient = is_patient


def is_patient() -> bool:
    """Tell whether this process tries again, as no request waits for it."""
    return _is_patient


class GrowingWaits(AbstractBackoff):
    """Wait 50 ms longer before each try than before the last, at most 2 s."""

    def compute(self, failures: int) -> float:
        """Return how many seconds to wait after so many failures."""
        return min(STEP_SECONDS * failures, LONGEST_SECONDS)


class CacheRetry(Retry):
    """Tries again as often as this process's patience allows, asked at each call."""

    def __init__(self) -> None:
        """Try again after whatever a server that is away looks like."""
        super().__init__(GrowingWaits(), 0)

    def get_retries(self) -> int:
        """Return how many tries may follow the first."""
        return settings.CACHE_RETRIES if _is_patient else 0

    def call_with_retry(self, *args: Any, **kwargs: Any) -> Any:
        """Do what redis-py does, with today's number."""
        self._retries = self.get_retries()
        return super().call_with_retry(*args, **kwargs)
