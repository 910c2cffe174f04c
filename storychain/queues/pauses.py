"""Queues that an operator has paused: the ledger obeys, MongoDB remembers."""

import logging

from pymongo.errors import PyMongoError

from storychain.documents import Document, StringField
from storychain.queues import bells
from storychain.queues.scripts import Script
from storychain.queues.topology import QUEUES

logger = logging.getLogger(__name__)

_pause = Script("pause", list[str])


class PausedQueue(Document):
    """A queue that is paused until somebody resumes it."""

    queue = StringField(primary_key=True)

    meta = {"collection": "paused_queues"}


def set_paused(queue: str, *, is_paused: bool) -> None:
    """Pause a queue or let it go on, at once; raise LedgerAway.

    Without MongoDB it holds as long as the ledger keeps its memory.
    """
    bells.ring(_pause({"queue": queue, "paused": is_paused}))
    try:
        _remember(queue, is_paused=is_paused)
    except PyMongoError as error:
        logger.warning("%s: if the ledger is lost, this is lost with it: %r", queue, error)


def pause_again() -> None:
    """Pause what was paused in a ledger that has lost its memory; raise what MongoDB raises."""
    for queue in PausedQueue.objects(queue__in=list(QUEUES)).scalar("queue"):
        bells.ring(_pause({"queue": queue, "paused": True}))


def _remember(queue: str, *, is_paused: bool) -> None:
    queues = PausedQueue._get_collection()  # noqa: SLF001 - nothing caches them
    if is_paused:
        queues.update_one({"_id": queue}, {"$setOnInsert": {"_id": queue}}, upsert=True)
    else:
        queues.delete_one({"_id": queue})
