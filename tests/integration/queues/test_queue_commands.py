"""What an operator types."""

import json
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from storychain.queues import ledger
from storychain.queues.deadletters import DeadLetter, mirror_dead
from storychain.queues.records import get_job
from storychain.queues.wire import Ask, Outcome
from tests.queueing import jobs


def type_in(*words: str) -> str:
    out = StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


@pytest.fixture
def dead_job() -> str:
    job_id = jobs.typed.enqueue(at=datetime.now(UTC))
    (_, (held,)) = ledger.exchange(queue="notification", holder="w/1#1", ask=Ask(1, 9, "1"))
    outcome = Outcome(job_id, held.token, "dead", "ValueError: why")
    ledger.exchange(queue="notification", holder="w/1#1", outcomes=[outcome], ask=None)
    mirror_dead()
    return job_id


def test_stats_list_and_show(dead_job: str) -> None:
    assert "notification" in type_in("jobs", "stats")
    assert dead_job in type_in("jobs", "list", "notification", "dead")
    shown = json.loads(type_in("jobs", "show", dead_job))
    assert shown["job"]["error"] == "ValueError: why"
    assert [line["event"] for line in shown["log"]] == ["dead"]
    assert "dead: 1 dead jobs" in type_in("jobs", "alerts")


def test_pause_and_resume() -> None:
    type_in("jobs", "pause", "email")
    assert "email (paused)" in type_in("jobs", "stats")
    type_in("jobs", "resume", "email")
    assert "paused" not in type_in("jobs", "stats")


def test_retry_and_discard(dead_job: str) -> None:
    assert type_in("jobs", "retry", dead_job) == "It was dead.\n"
    with pytest.raises(CommandError, match="is waiting; this takes dead"):
        type_in("jobs", "discard", dead_job)
    with pytest.raises(CommandError, match="No job has the id 'nobody'"):
        type_in("jobs", "retry", "nobody")
    assert type_in("jobs", "cancel", "--all", "notification").startswith("1 waiting jobs")


def test_enqueue_by_name() -> None:
    job_id = type_in("jobs", "enqueue", "test.nothing", '{"n": 1}').strip()
    assert get_job(job_id).state == "waiting"
    with pytest.raises(CommandError, match="No job is named 'nope'"):
        type_in("jobs", "enqueue", "nope")
    with pytest.raises(CommandError, match="Expected `int`, got `str`"):
        type_in("jobs", "enqueue", "test.nothing", '{"n": "1"}')
    with pytest.raises(CommandError, match="JSON object"):
        type_in("jobs", "enqueue", "test.nothing", "[")


def test_dead_letters_are_listed_replayed_and_discarded(dead_job: str) -> None:
    assert "ValueError: why" in type_in("dead_letters", "list")
    assert type_in("dead_letters", "replay", "--all") == "1 dead letters: replay\n"
    assert get_job(dead_job).state == "waiting"
    assert DeadLetter.objects.get(job_id=dead_job).status == "replayed"
    with pytest.raises(CommandError):
        type_in("dead_letters", "discard", dead_job)


def test_a_dead_letter_outlives_the_ledger(dead_job: str) -> None:
    from storychain import redis

    client = redis.client("queue")
    client.delete(*client.keys(redis.key("*")))
    type_in("dead_letters", "replay", dead_job)
    assert get_job(dead_job).state == "waiting"
    client.delete(*client.keys(redis.key("*")))
    type_in("dead_letters", "discard", dead_job)
    assert DeadLetter.objects.get(job_id=dead_job).status == "discarded"


def test_the_plan_shows_profiles_and_the_formula() -> None:
    shown = type_in("worker_plan", "--ram", "1000")
    assert "1000 MB" in shown
    assert "STORYCHAIN_PROFILE is development" in shown
    assert "SendGrid" in shown


def test_prometheus_sees_the_queues(dead_job: str) -> None:
    from prometheus_client import REGISTRY

    labels = {"queue": "notification", "state": "dead"}
    assert REGISTRY.get_sample_value("storychain_queue_jobs", labels) == 1
