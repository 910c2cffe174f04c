from tests.emailing.fixtures import open_limit
from tests.queueing.fixtures import (
    bells,
    crew,
    folder,
    indexes,
    queue_redis,
    rabbit_url,
    rabbitmq,
    trace,
    wire,
)

__all__ = [
    "bells",
    "crew",
    "folder",
    "indexes",
    "open_limit",
    "queue_redis",
    "rabbit_url",
    "rabbitmq",
    "trace",
    "wire",
]
