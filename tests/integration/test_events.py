"""What is announced with a write becomes rows of the outbox in the same write."""

from collections.abc import Iterator
from typing import Any

import pytest

from storychain import outbox
from storychain.documents import unit_of_work
from storychain.errors import Conflict
from storychain.events import Event, publish, subscribes
from storychain.outbox import OutboxRow


class Happened(Event):
    """Something to announce."""

    name: str


class HappenedElsewhere(Happened):
    """Something else, which nobody subscribes to."""


class Call:
    """What a subscriber answers with."""

    kind = "events-test"

    def __init__(self, row_id: str, payload: dict[str, Any]) -> None:
        self.row_id, self.payload = row_id, payload


@subscribes(Happened)
def _follow(event: Happened) -> Iterator[Call]:
    yield Call(f"{event.name}-1", {"name": event.name})
    yield Call(f"{event.name}-2", {})


@subscribes(Happened)
def _follow_too(event: Happened) -> Iterator[Call]:
    yield Call(f"{event.name}-3", {})


@pytest.fixture
def taken() -> Iterator[list[str]]:
    """The ids of the rows that were delivered."""
    found: list[str] = []

    def take(rows: list[OutboxRow]) -> list[str]:
        found.extend(row.row_id for row in rows)
        return [row.row_id for row in rows]

    outbox.handles(Call.kind)(take)
    yield found
    outbox._handlers.pop(Call.kind)


def test_every_subscriber_is_asked_and_its_answers_are_delivered(taken: list[str]) -> None:
    @unit_of_work
    def act() -> None:
        publish(Happened(name="x"))
        assert [row.payload for row in OutboxRow.objects(row_id="x-1")] == [{"name": "x"}]
        assert taken == []

    act()
    assert taken == ["x-1", "x-2", "x-3"]


def test_an_event_of_a_write_that_did_not_happen_is_forgotten(taken: list[str]) -> None:
    @unit_of_work
    def fail() -> None:
        publish(Happened(name="x"))
        raise Conflict

    with pytest.raises(Conflict):
        fail()
    assert taken == []
    assert OutboxRow.objects.first() is None


def test_an_event_that_nobody_follows_leaves_nothing(taken: list[str]) -> None:
    unit_of_work(lambda: publish(HappenedElsewhere(name="x")))()
    assert taken == []


def test_who_subscribes_twice_is_asked_once(taken: list[str]) -> None:
    subscribes(Happened)(_follow)
    unit_of_work(lambda: publish(Happened(name="x")))()
    assert taken == ["x-1", "x-2", "x-3"]


def test_an_event_outside_a_unit_of_work_is_a_mistake() -> None:
    for event in (Happened(name="x"), HappenedElsewhere(name="x")):
        with pytest.raises(RuntimeError):
            publish(event)
