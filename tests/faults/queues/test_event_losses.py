"""Events, with real workers and servers that die: every one is recorded, and once."""

from __future__ import annotations

from typing import Any

import pymongo
import pytest
from pytest_django.fixtures import Settings

from apps.analytics.jobs import record, track_analytics
from storychain import mongodb
from storychain.queues.jobs import enqueue_many
from storychain.queues.records import get_job
from storychain.queues.stats import stats
from tests.queueing.servers import Wire
from tests.queueing.workers import IO, Crew, wait_until

AT = "2026-03-01T12:00:00Z"


def row() -> dict[str, Any]:
    return next(row for row in stats() if row["name"] == "analytics")


def track(count: int) -> set[str]:
    """Have events recorded; return their ids."""
    ids = [f"event-{n}" for n in range(count)]
    enqueue_many(record.call(event="page_view", timestamp=AT, id=one) for one in ids)
    return set(ids)


@pytest.fixture
def recorded(mongo: pymongo.MongoClient[Any], fresh_names: str) -> Any:
    events = mongo[fresh_names]["analytics_events"]
    return lambda: [event["_id"] for event in events.find({}, {"_id": 1})]


def test_a_worker_killed_in_mid_batch_leaves_every_event_once(crew: Crew, recorded: Any) -> None:
    wanted = track(1500)
    victim = crew.start(IO)
    wait_until(recorded)
    victim.kill()
    assert row()["completed"] < 1500
    crew.start(IO)
    wait_until(lambda: row()["completed"] == 1500, seconds=60)
    found = recorded()
    assert (len(found), set(found)) == (1500, wanted)


def test_mongodb_that_is_away_for_a_while_loses_no_event(
    crew: Crew, recorded: Any, mongo: pymongo.MongoClient[Any], settings: Settings
) -> None:
    host, port = mongo.address or ("", 0)
    wire = Wire(port)
    by_wire = settings.MONGODB_URI.replace(f"{host}:{port}", f"{host}:{wire.port}")
    # A client that has once been told of its server's address would go there past the wire.
    settings.MONGODB_URI = f"{by_wire}{'&' if '?' in by_wire else '?'}directConnection=true"
    crew.start(IO)
    wire.lead_to(1)  # where nobody listens
    wanted = track(1000)
    wait_until(lambda: row()["delayed"], seconds=60)
    assert not recorded()
    wire.lead_to(port)
    wait_until(lambda: row()["completed"] == 1000, seconds=60)
    found = recorded()
    assert (len(found), set(found)) == (1000, wanted)
    assert row()["dead"] == 0
    wire.close()
    mongodb.disconnect()


def test_of_a_thousand_events_the_one_that_cannot_be_stored_dies_alone(
    crew: Crew, recorded: Any
) -> None:
    calls = [record.call(event="page_view", timestamp=AT) for _ in range(999)]
    poison = record.call(event="page_view", timestamp=AT, properties={"a\0b": 1})
    enqueue_many([*calls[:600], poison, *calls[600:]])
    crew.start(IO)
    wait_until(lambda: row()["completed"] == 999)
    wait_until(lambda: get_job(poison.row_id).state == "dead")
    assert len(recorded()) == 999
    assert get_job(poison.row_id).attempt == 1


def test_the_seeds_call_is_recorded_and_says_so(crew: Crew, recorded: Any) -> None:
    crew.start(IO)
    job_id = track_analytics(event="search", user_id="ann", properties={"query": "lamp"})
    wait_until(lambda: get_job(job_id).state == "completed")
    assert get_job(job_id).result == '{"recorded":true}'
    assert len(recorded()) == 1
