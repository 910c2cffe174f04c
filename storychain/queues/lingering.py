"""Waiting for the next job without asking again and again: enqueue pushes a token to who waits."""

from contextlib import suppress

from storychain import redis
from storychain.queues.scripts import LedgerAway, asking_ledger

WAIT_SECONDS = 1
REGISTERED_SECONDS = 1.5


def wait_for_token(queue: str) -> None:
    """Return when a job may be waiting, or after WAIT_SECONDS.

    The claim that found nothing has registered this process for REGISTERED_SECONDS.
    """
    with suppress(LedgerAway), asking_ledger() as client:  # the next claim waits for it
        client.blpop([redis.key("q", queue, "wake")], timeout=WAIT_SECONDS)
