"""A bell is a Celery message that names a queue: "somebody come, jobs are waiting".

Bells may get lost, doubled or late: the ledger decides what there is to do, and rings again. Where
the broker takes none, workers of the threads pool look after their queues by themselves.
"""

import logging
import os
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.module_loading import import_string

from storychain.breaker import Breaker
from storychain.queues.topology import QUEUES

if TYPE_CHECKING:
    from celery import Celery

BELL = "storychain.bell"
GRACE_SECONDS = 30
logger = logging.getLogger(__name__)


_unrung: set[str] = set()


def ring(queues: Iterable[str]) -> None:
    """Publish a bell for each queue; never raises, and waits for a silent broker only once.

    From then on the breaker tries whether it is back, and rings then.
    """
    for queue in queues:
        if not breaker().allows():
            _unrung.add(queue)
        else:
            _try(queue)


def take_unrung() -> set[str]:
    """Return the queues whose bells this process could not publish since it was last asked."""
    taken = set(_unrung)
    _unrung.difference_update(taken)
    return taken


@cache
def breaker() -> Breaker:
    """Return this process's breaker of the broker."""
    return Breaker("broker", reach=_ring_unrung)


os.register_at_fork(after_in_child=breaker.cache_clear)  # its thread is the parent's


def _try(queue: str) -> None:
    try:
        _send(queue)
    except Exception as error:  # noqa: BLE001 - brokers raise errors of their own libraries
        logger.warning("The bell of %s could not be rung: %r", queue, error)
        _unrung.add(queue)
        breaker().fail()


def _ring_unrung() -> None:
    """Ring what was not; something in any case, as only that tells whether the broker takes it."""
    if not _unrung:
        _send(next(iter(QUEUES)))
    while _unrung:  # others may have come meanwhile
        queue = next(iter(_unrung))
        _send(queue)
        _unrung.discard(queue)


def _send(queue: str) -> None:
    limit = QUEUES[queue].time_limit
    _app().send_task(
        BELL,
        args=(queue,),
        queue=queue,
        ignore_result=True,
        retry=False,
        confirm_timeout=settings.QUEUE_TIMEOUT_SECONDS,  # else RabbitMQ is waited for without end
        soft_time_limit=limit,
        time_limit=limit and limit + GRACE_SECONDS,
    )


@cache
def _app() -> "Celery":
    """Load Celery late: most processes never ring."""
    app: Celery = import_string(settings.QUEUE_CELERY_APP)
    return app
