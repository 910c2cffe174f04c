"""What somebody should look at: as lines in the log, and as gauges of Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from prometheus_client import REGISTRY
from redis import Redis

from config.env import QUEUES as NAMED_BY_ENV
from config.env import THRESHOLDS
from storychain import redis
from storychain.queues import alerts, desk, ledger
from storychain.queues.alerts import KINDS, find_alerts, log_alerts, threshold_of
from storychain.queues.presence import say_present
from storychain.queues.topology import QUEUES
from storychain.queues.wire import Ask, Outcome
from tests.queueing import jobs
from tests.queueing.workers import wait_until

pytestmark = [pytest.mark.usefixtures("thresholds"), pytest.mark.django_db]


@pytest.fixture
def thresholds(settings) -> Callable[..., None]:
    """Change thresholds; at first nothing is ever wrong."""

    def change(**kinds: float) -> None:
        settings.QUEUE_ALERTS = settings.QUEUE_ALERTS | kinds

    settings.QUEUE_ALERTS = dict.fromkeys(settings.QUEUE_ALERTS, 10_000)
    return change


@pytest.fixture(autouse=True)
def nothing_said() -> Iterator[None]:
    alerts._told.raised = frozenset()
    yield
    alerts._told.raised = frozenset()


def wait_for_alert(kind: str, queue: str = "notification") -> None:
    wait_until(lambda: (queue, kind) in {(a.queue, a.kind) for a in find_alerts()})


def end_one(state: str, text: str = "null") -> None:
    job_id = jobs.typed.enqueue(at=datetime.now(UTC))
    _, (held,) = ledger.exchange(queue="notification", holder="w/1#1", ask=Ask(1, 9, job_id))
    outcome = Outcome(held.job_id, held.token, state, text)
    ledger.exchange(queue="notification", holder="w/1#1", outcomes=[outcome], ask=None)


def test_nothing_is_wrong_with_nothing_to_do() -> None:
    assert find_alerts() == []


def test_many_waiting_are_a_backlog(thresholds) -> None:
    thresholds(backlog=1)
    for _ in range(2):
        jobs.typed.enqueue(at=datetime.now(UTC))
    wait_for_alert("backlog")


def test_a_queue_that_moves_too_slowly_is_late_one_that_stands_is_stalled(thresholds) -> None:
    thresholds(late=0)
    say_present("w/1", queues=["notification"])
    jobs.typed.enqueue(at=datetime.now(UTC))
    wait_for_alert("stalled")
    jobs.typed.enqueue(at=datetime.now(UTC))
    ledger.exchange(queue="notification", holder="w/1#1", ask=Ask(1, 9, "1"))
    wait_for_alert("late")


def test_a_paused_queue_is_meant_to_wait(thresholds) -> None:
    thresholds(late=0)
    say_present("w/1", queues=["notification"])
    desk.pause_queue("notification")
    jobs.typed.enqueue(at=datetime.now(UTC))
    wait_until(lambda: sample("storychain_queue_oldest_seconds", queue="notification"))
    assert find_alerts() == []


def test_long_run_times_are_slow(thresholds) -> None:
    thresholds(slow=0)
    end_one("completed")
    wait_for_alert("slow")


def test_one_queue_may_have_a_threshold_of_its_own(thresholds) -> None:
    thresholds(dead=0, **{"notification.dead": 1})
    end_one("dead", "why")
    assert find_alerts() == []
    end_one("dead", "why")
    wait_for_alert("dead")


def test_an_alert_is_said_once_and_again_when_it_is_over(thresholds, caplog) -> None:
    thresholds(dead=0)
    end_one("dead", "why")
    log_alerts()
    log_alerts()
    assert caplog.text.count("'event': 'queue alert'") == 1
    assert "1 dead jobs are to be replayed or discarded" in caplog.text
    desk.act_on_all(queue="notification", state="dead", action=desk.discard_job)
    log_alerts()
    log_alerts()
    assert caplog.text.count("queue alert is over") == 1


def test_prometheus_sees_alerts_workers_and_pauses(thresholds) -> None:
    thresholds(dead=0)
    say_present("w/1", queues=["notification"])
    desk.pause_queue("email")
    end_one("dead", "why")
    assert sample("storychain_queue_alert", queue="notification", kind="dead") == 1
    assert sample("storychain_queue_alert", queue="notification", kind="late") == 0
    assert sample("storychain_queue_workers", queue="notification") == 1
    assert sample("storychain_queue_workers", queue="email") == 0
    assert sample("storychain_queue_paused", queue="email") == 1
    assert sample("storychain_queue_ledger_up") == 1


def test_without_the_ledger_it_says_only_that(settings) -> None:
    settings.REDIS_QUEUE_URL = "redis://127.0.0.1:1/0"
    redis.disconnect()
    assert sample("storychain_queue_ledger_up") == 0
    assert sample("storychain_queue_paused", queue="email") is None


def test_an_open_breaker_shows(settings) -> None:
    settings.REDIS_QUEUE_URL = "redis://127.0.0.1:1/0"
    redis.disconnect()
    for _ in range(2):
        sample("storychain_queue_ledger_up")
    assert sample("storychain_breaker_open", server="queue") == 1
    settings.REDIS_QUEUE_URL = settings.CELERY_BROKER_URL
    redis.client.cache_clear()
    assert isinstance(redis.client("queue"), Redis)
    wait_until(lambda: sample("storychain_breaker_open", server="queue") == 0)


def test_the_outbox_shows_its_rows_and_how_long_they_are_overdue() -> None:
    from storychain import counters, documents, outbox

    @documents.unit_of_work
    def write() -> None:
        outbox.add(kind="nobody's", payload={})
        counters.add(kind="nobody's", key="", counts={"votes": 1})

    write()
    assert sample("storychain_pending_counts") == 1
    assert sample("storychain_outbox_rows") == 1
    wait_until(lambda: (sample("storychain_outbox_overdue_seconds") or 0) > 0)


def test_what_the_environment_may_name_is_what_there_is() -> None:
    assert set(NAMED_BY_ENV) == set(QUEUES)
    assert {*THRESHOLDS, "stalled"} == set(KINDS)
    assert threshold_of("export", "slow") == 10_000


def sample(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)
