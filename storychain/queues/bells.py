"""A bell is a Celery message that names a queue: "somebody come, jobs are waiting".

Bells may get lost, doubled or late: the ledger decides what there is to do, and rings again. Where
the broker takes none, workers of the threads pool look after their queues by themselves.
"""

import logging
import time
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.module_loading import import_string

from storychain.queues.topology import QUEUES

if TYPE_CHECKING:
    from celery import Celery

BELL = "storychain.bell"
GRACE_SECONDS = 30
logger = logging.getLogger(__name__)


class _Rope:
    """What this process knows of the broker: until when not to try it, and who was not rung for."""

    silent_until = 0.0
    unrung: set[str] = set()


def ring(queues: Iterable[str]) -> None:
    """Publish a bell for each queue; never raises and hardly waits, for sweep rings again."""
    for queue in queues:
        if time.monotonic() < _Rope.silent_until:
            _Rope.unrung.add(queue)
        else:
            _ring(queue)


def take_unrung() -> set[str]:
    """Return the queues whose bells this process could not publish since it was last asked."""
    taken, _Rope.unrung = _Rope.unrung, set()
    return taken


def _ring(queue: str) -> None:
    limit = QUEUES[queue].time_limit
    try:
        _app().send_task(
            BELL,
            args=(queue,),
            queue=queue,
            ignore_result=True,
            retry=False,
            soft_time_limit=limit,
            time_limit=limit and limit + GRACE_SECONDS,
        )
    except Exception as error:  # noqa: BLE001 - brokers raise errors of their own libraries
        _Rope.silent_until = time.monotonic() + settings.QUEUE_BELL_SECONDS
        _Rope.unrung.add(queue)
        logger.warning("The bell of %s could not be rung: %r", queue, error)


@cache
def _app() -> "Celery":
    """Load Celery late: most processes never ring."""
    app: Celery = import_string(settings.QUEUE_CELERY_APP)
    return app
