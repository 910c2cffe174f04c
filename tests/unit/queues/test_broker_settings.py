"""What Celery is told about each kind of broker."""

import pytest

from config.celery import broker_settings


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("redis://host/1", "redis://host/1"),
        ("sentinel://host/1", "sentinel://host/1"),
        ("unix:///run/redis.sock", "redis+socket:///run/redis.sock"),
        ("unix:///run/redis.sock?db=2", "redis+socket:///run/redis.sock?virtual_host=2"),
    ],
)
def test_a_redis_keeps_our_keys_under_our_prefix(url: str, told: str) -> None:
    found = broker_settings(url)
    assert found["broker_url"] == told
    assert found["broker_transport_options"]["global_keyprefix"].endswith(":celery:")
    assert not any(queue.queue_arguments for queue in found["task_queues"])


@pytest.mark.parametrize("url", ["amqp://host//", "amqps://host//"])
def test_a_rabbitmq_has_quorum_queues_and_prefetches(url: str) -> None:
    found = broker_settings(url)
    assert not found["worker_disable_prefetch"]
    assert {queue.queue_arguments["x-queue-type"] for queue in found["task_queues"]} == {"quorum"}
    assert {queue.exchange.type for queue in found["task_queues"]} == {"topic"}
