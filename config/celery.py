"""Celery, which carries bells to workers, fires schedules, and enqueues jobs by their names."""

import os
import re
from typing import Any

from celery import Celery
from django.conf import settings
from kombu import Exchange, Queue
from kombu.transport.redis import QoS, Transport
from redis.exceptions import OutOfMemoryError

from storychain.queues.topology import EXPORT, QUEUES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

RESTORE_SECONDS = 5

REDIS_OPTIONS = {
    "global_keyprefix": f"{settings.KEY_PREFIX}:celery:",
    "priority_steps": [0],  # priorities are the ledger's; each step would be one more key to watch
    "socket_connect_timeout": settings.QUEUE_TIMEOUT_SECONDS,
    "socket_timeout": settings.QUEUE_TIMEOUT_SECONDS,
    "socket_keepalive": True,
    "retry_on_timeout": False,
    # A bell that died with its worker is rung again by the ledger, long before this.
    "visibility_timeout": 3600,
    "unacked_restore_interval": RESTORE_SECONDS,
    "unacked_restore_throttle": 1,
}
# Who loses a connection with a bell in hand is not to put it back by that connection: this raises,
# and ends the worker. The ledger rings again.
QoS.restore_at_shutdown = False
AMQP_OPTIONS = {
    "confirm_publish": True,
    "connect_timeout": settings.QUEUE_TIMEOUT_SECONDS,
    "write_timeout": settings.QUEUE_TIMEOUT_SECONDS,
    # Also a connection that is given up waits to be told good-bye.
    "read_timeout": settings.QUEUE_TIMEOUT_SECONDS,
}


def broker_settings(url: str) -> dict[str, Any]:
    """Return what Celery is told about a broker: a Redis, or a RabbitMQ with quorum queues."""
    # What redis-py calls unix: is redis+socket: to Celery.
    url = re.sub(r"^unix:(.*?)(\?db=|$)", _rename_socket, url)
    is_redis = url.startswith(("redis", "sentinel", "valkey"))
    return {
        "broker_url": url,
        "broker_transport_options": REDIS_OPTIONS if is_redis else AMQP_OPTIONS,
        # Celery makes 28 more beside quorum queues, for delays; ours are the ledger's affair.
        "broker_native_delayed_delivery_queue_type": "classic",
        "task_queues": [_queue(name, is_redis=is_redis) for name in QUEUES],
        "worker_disable_prefetch": is_redis,
    }


def _rename_socket(found: re.Match[str]) -> str:
    return f"redis+socket:{found[1]}{found[2] and '?virtual_host='}"


def _queue(name: str, *, is_redis: bool) -> Queue:
    # An exchange of its own: else all five would be bound to one, and each get every message.
    kind = "direct" if is_redis else "topic"  # what Celery's own delays want
    arguments = None if is_redis else {"x-queue-type": "quorum"}
    return Queue(name, Exchange(name, type=kind), routing_key=name, queue_arguments=arguments)


# A full Redis is to a worker what a lost one is: it tries again instead of ending.
Transport.connection_errors = (*Transport.connection_errors, OutOfMemoryError)

app = Celery("storychain", set_as_current=True)
app.conf.update(
    broker_settings(settings.CELERY_BROKER_URL),
    broker_connection_timeout=settings.QUEUE_TIMEOUT_SECONDS,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    task_create_missing_queues=False,
    task_default_queue=EXPORT,
    task_acks_late=True,
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    event_serializer="json",
    result_expires=None,  # else beat would grow a job of its own
    task_publish_retry_policy={"max_retries": 1, "interval_start": 0.1, "interval_max": 0.1},
    worker_prefetch_multiplier=1,
    worker_soft_shutdown_timeout=settings.QUEUE_GRACE_SECONDS,
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    worker_max_memory_per_child=settings.QUEUE_CHILD_MEMORY_KB,
    timezone="UTC",
    beat_scheduler="storychain.schedules.scheduler:SlotScheduler",
)

from storychain.queues.worker import set_up  # noqa: E402 - needs the settings

set_up(app)
