"""How long entries live: one table of seconds, and a jitter so that they do not expire together."""

import random

TTL: dict[str, int] = {"DEFAULT": 600, "NEGATIVE": 30}
JITTER = 0.1


def life_of(ttl: int | str) -> int:
    """Return the life in ms of an entry of this TTL (seconds, or a name of the table), +-10 %."""
    seconds = ttl if isinstance(ttl, int) else TTL[ttl]
    return int(seconds * 1000 * random.uniform(1 - JITTER, 1 + JITTER))  # noqa: S311 - no secret


def token_life() -> int:
    """Return how long a token lives, in ms: twice the longest entry's life."""
    return int(2 * max(TTL.values()) * (1 + JITTER) * 1000)
