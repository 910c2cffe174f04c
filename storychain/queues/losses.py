"""What is done where the ledger may have lost its memory (docs/adr/0121)."""

import logging

from storychain import outbox, redis
from storychain.queues.pauses import pause_again
from storychain.queues.scripts import asking_ledger

logger = logging.getLogger(__name__)


def mend_losses() -> None:
    """Give a ledger back what others know of it, if its server was started or emptied since.

    Raise LedgerAway, or what MongoDB raises; then it is to be tried again.
    """
    server = _find_new_server()
    if server is None:
        return
    logger.warning("The ledger is new, or started anew: the outbox offers all its jobs again")
    pause_again()
    outbox.make_due("job")
    with asking_ledger() as client:
        client.set(_key(), server)


def _find_new_server() -> str | None:
    """Return the run id of the ledger's server; None if that is the one that was seen to."""
    with asking_ledger() as client:
        known, server = client.get(_key()), client.info("server")["run_id"]
    return None if known == server.encode() else server


def _key() -> str:
    return redis.key("q", "server")
