"""Events over HTTP: what is taken, what is refused and how it is told, and what becomes of it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from apps.analytics.documents import AnalyticsEvent
from apps.analytics.jobs import record
from apps.analytics.limits import MOST_BYTES, MOST_EVENTS, READ
from storychain import redis
from storychain.queues import ledger
from storychain.queues.batches import perform_together
from storychain.queues.records import list_jobs
from storychain.queues.running import Run
from storychain.queues.wire import Ask, Bulk
from tests.factories import API, Caller, sign_in
from tests.queueing.servers import free_port

pytestmark = pytest.mark.django_db  # every run of a job closes old connections

VIEW = {"event": "page_view"}


def send(*events: Any, caller: Caller | None = None) -> Any:
    return (caller or Caller()).post("/events", {"events": list(events)})


def work_off() -> list[str]:
    """Do what a worker does with all that waits; return the outcomes' states."""
    ask = Ask(500, 500, "1", bulk=Bulk(("analytics.record",), 500))
    _, claimed = ledger.exchange(queue="analytics", holder="test#1", ask=ask)
    runs = [Run(queue="analytics", claimed=job) for job in claimed]
    outcomes = perform_together([run for run in runs if run.spec.name == record.name])
    ledger.exchange(queue="analytics", holder="test#1", outcomes=outcomes, ask=None)
    return [outcome.state for outcome in outcomes]


def waiting() -> int:
    return len(list_jobs(queue="analytics", state="waiting", limit=1000))


def test_anybody_may_tell_what_happened() -> None:
    answer = send(VIEW, {"event": "search", "properties": {"query": "lamp", "hits": [1, 2]}})
    assert (answer.status_code, answer.json()) == (202, {"accepted": 2})
    assert work_off() == ["completed"] * 2
    stored = AnalyticsEvent.objects(occurred_at__lte=timezone.now()).order_by("occurred_at")
    assert {event.event for event in stored} == {"page_view", "search"}
    assert {event.user_id for event in stored} == {None}


def test_who_is_signed_in_is_noted_and_the_story_that_it_was_about() -> None:
    caller, at = sign_in(), timezone.now() - timedelta(hours=1)
    about = {"story_slug": "the-lamp", "seconds": 30}
    about["more"] = "x" * (MOST_BYTES - len(json.dumps(about, separators=(",", ":"))) - 10)
    told = {"event": "chapter_read", "timestamp": at.isoformat(), "properties": about}
    answer = send(told, caller=caller)
    assert answer.status_code == 202
    assert answer["RateLimit-Policy"].startswith('"fast-write";'), "and of others a public one"
    work_off()
    (stored,) = AnalyticsEvent.objects(occurred_at__lte=timezone.now())
    assert (stored.user_id, stored.story_slug) == (caller.user_id, "the-lamp")
    assert abs(stored.occurred_at - at) < timedelta(milliseconds=1)
    assert stored.properties == about


def test_an_event_sent_again_under_its_id_counts_once() -> None:
    told, caller = {**VIEW, "id": "0193-abcdef"}, sign_in()
    for _ in range(2):
        assert send(told, caller=caller).status_code == 202
    assert send(told).status_code == 202  # somebody else's of the same name
    assert work_off() == ["completed"] * 3
    assert AnalyticsEvent.objects(occurred_at__lte=timezone.now()).count() == 2


BAD: list[tuple[Any, str]] = [
    ({"event": {"$ne": ""}}, "events.0.event"),
    ({"event": "no_such_event"}, "events.0.event"),
    ({"event": READ, "properties": {"story_slug": "the-lamp"}}, "events.0.event"),
    ({}, "events.0.event"),
    ("page_view", "events.0"),
    ({**VIEW, "userId": "somebody"}, "events.0.userId"),
    ({**VIEW, "timestamp": "yesterday"}, "events.0.timestamp"),
    ({**VIEW, "timestamp": 1764000000}, "events.0.timestamp"),
    ({**VIEW, "timestamp": {"$gt": 0}}, "events.0.timestamp"),
    ({**VIEW, "timestamp": "2026-01-31T12:00:00"}, "events.0.timestamp"),
    ({**VIEW, "timestamp": "0001-01-01T00:00:00+14:00"}, "events.0.timestamp"),
    ({**VIEW, "timestamp": "9999-12-31T23:59:59-14:00"}, "events.0.timestamp"),
    ({**VIEW, "properties": []}, "events.0.properties"),
    ({**VIEW, "properties": "x"}, "events.0.properties"),
    ({**VIEW, "properties": {"$where": "1"}}, "events.0.properties"),
    ({**VIEW, "properties": {"a": [{"b.c": 1}]}}, "events.0.properties"),
    ({**VIEW, "properties": {"": 1}}, "events.0.properties"),
    ({**VIEW, "properties": {"a": {"b": {"c": {"d": {"e": {}}}}}}}, "events.0.properties"),
    ({**VIEW, "properties": {"a": "x" * (MOST_BYTES - 7)}}, "events.0.properties"),
    ({**VIEW, "properties": {"a": 2**64}}, "events.0.properties.a"),
    ({**VIEW, "id": "a b"}, "events.0.id"),
]


@pytest.mark.parametrize(("told", "place"), BAD)
def test_what_is_wrong_is_named_with_its_place_and_nothing_is_taken(told: Any, place: str) -> None:
    answer = send(told, VIEW)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert place in answer.json()["errors"], answer.json()
    assert waiting() == 0


def test_a_place_counts_from_the_first_event() -> None:
    old = (timezone.now() - timedelta(hours=25)).isoformat()
    ahead = (timezone.now() + timedelta(minutes=6)).isoformat()
    errors = send(VIEW, {**VIEW, "timestamp": old}, {**VIEW, "timestamp": ahead}).json()["errors"]
    assert set(errors) == {"events.1.timestamp", "events.2.timestamp"}


@pytest.mark.parametrize("body", [{}, {"events": []}, {"events": VIEW}, {"events": None}, []])
def test_a_body_without_events_is_refused(body: Any) -> None:
    answer = Caller().client.post(f"{API}/events", json.dumps(body), "application/json")
    assert answer.status_code == 400
    assert waiting() == 0


def test_a_request_takes_a_hundred_events() -> None:
    assert send(*[VIEW] * MOST_EVENTS).status_code == 202
    answer = send(*[VIEW] * (MOST_EVENTS + 1))
    assert answer.status_code == 400
    assert str(MOST_EVENTS) in str(answer.json()["errors"])
    assert waiting() == MOST_EVENTS


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (
            '{"events": [{"event": "page_view", "properties": {"a": "' + "x" * 3_000_000 + '"}}]}',
            413,
        ),
        (
            '{"events": [{"event": "page_view", "properties": ' + '{"a":' * 5000 + "1" + "}" * 5002,
            400,
        ),
        ('{"events": [{"event": "page_view", "event": "search"}]}', 400),
        ('{"events": [{"event": "page_view", "properties": {"a": NaN}}]}', 400),
        ('{"events": [', 400),
    ],
)
def test_json_that_nobody_sends_on_purpose_is_refused(raw: str, status: int) -> None:
    answer = Caller().client.post(f"{API}/events", raw, "application/json")
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    assert waiting() == 0


def test_a_queue_that_is_away_is_said_with_when_to_come_again(settings: Settings) -> None:
    settings.REDIS_QUEUE_URL = f"redis://127.0.0.1:{free_port()}/0"
    redis.disconnect()
    try:
        answer = send(VIEW)
        assert answer.status_code == 503
        assert int(answer["Retry-After"]) >= 1
    finally:
        redis.disconnect()
