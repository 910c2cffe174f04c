"""The classes of requests, and one request that counts against its caller's limit."""

from enum import StrEnum
from math import ceil

from django.conf import settings

from storychain import redis
from storychain.api.minutes import LOCAL, WINDOW_SECONDS, Away, Minute, away, begin_count, find_over
from storychain.errors import TooMany, Unavailable

READS = ("get", "head", "options")


class Rate(StrEnum):
    """The classes of requests; settings.RATE_LIMITS says how many of each a minute has."""

    PUBLIC_READ = "public-read"
    SIGNED_IN_READ = "signed-in-read"
    WRITE = "write"
    PUBLIC_WRITE = "public-write"
    FAST_WRITE = "fast-write"
    REACTION = "reaction"
    CRITICAL = "critical"
    WEBHOOK = "webhook"


class RateLimited(TooMany):
    """The caller has asked for more than a minute has; `retry_after` are seconds."""

    code, title = "rate-limited", "Too many requests"

    def __init__(self, call: "Call") -> None:
        """Say of what there were too many, and when there may be more."""
        super().__init__(f"At most {call.limit} requests of the class {call.rate} in a minute.")
        self.retry_after = call.minute().seconds


class Uncounted(Unavailable):
    """What is critical is not done while nobody counts how often."""

    code, title = "uncounted", "Not possible right now"


class Call:
    """A request that counts against a caller's limit."""

    def __init__(self, rate: Rate, caller: str) -> None:
        """Begin to count it."""
        self.rate, self.limit = rate, settings.RATE_LIMITS[rate]
        self._name = redis.key("r", rate, caller)
        self._minute = find_over(self._name, limit=self.limit)
        self._wait = away if self._minute else begin_count(self._name, limit=self.limit)

    @property
    def is_over(self) -> bool:
        """Tell whether it is known, without waiting for an answer, to be one too many."""
        return self._minute is not None and self._minute.times > self.limit

    def minute(self) -> Minute:
        """Return where the caller stands in his minute; raise Uncounted if that must be known."""
        if self._minute is None:
            try:
                self._minute = self._wait()
            except Away:
                self._wait = away  # Redis is asked once: its wire is gone
                if self.rate is Rate.CRITICAL:
                    raise Uncounted from None
                self._minute = LOCAL.count(self._name)
        return self._minute

    def check(self) -> None:
        """Raise RateLimited if this was one too many."""
        if self.minute().times > self.limit:
            raise RateLimited(self)

    def headers(self) -> dict[str, str]:
        """Return what the caller is told of his limit."""
        times, seconds = self.minute()
        left = max(0, self.limit - times)
        return {
            "RateLimit-Policy": f'"{self.rate}";q={self.limit};w={WINDOW_SECONDS}',
            "RateLimit": f'"{self.rate}";r={left};t={ceil(seconds)}',
        }


def rate_of(view: object, method: str) -> Rate:
    """Return the class of a view's method; what does not say any is a write.

    `rate` is one for all that the view writes, or one by the method's name in lower case.
    """
    if method.lower() in READS:
        return Rate.PUBLIC_READ
    declared = getattr(view, "rate", Rate.WRITE)
    rate: Rate = declared if isinstance(declared, Rate) else declared[method.lower()]
    return rate
