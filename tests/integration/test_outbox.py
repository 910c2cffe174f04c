"""What must follow a write is stored with it and delivered at least once."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from storychain import counters, outbox
from storychain.documents import unit_of_work
from storychain.errors import Conflict, Unavailable
from storychain.outbox import OutboxRow
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class Taker:
    """Takes rows of the kind "test", or fails at those that it is told to fail at."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.calls = 0
        self.fails_at: Callable[[OutboxRow], bool] = lambda _: False
        self.error: Exception = ValueError()

    def __call__(self, rows: list[OutboxRow]) -> set[str]:
        self.calls += 1
        if any(self.fails_at(row) for row in rows):
            raise self.error
        self.taken += [row.row_id for row in rows]
        return {row.row_id for row in rows}


@pytest.fixture
def taker() -> Iterator[Taker]:
    """Somebody who takes rows."""
    found = Taker()
    outbox.handles("test")(found)
    yield found
    outbox._handlers.pop("test")


@unit_of_work
def write(*ids: str, payload: dict[str, Any] | None = None) -> None:
    """Do nothing but leave rows."""
    for row_id in ids:
        outbox.add(kind="test", payload=payload or {}, row_id=row_id)


def make_due() -> None:
    """Let the time of every row come."""
    OutboxRow._get_collection().update_many({}, {"$set": {"next_at": LONG_AGO}})


def waits() -> dict[str, timedelta]:
    """Return how long from now each row waits."""
    now = datetime.now(UTC)
    return {row.row_id: row.next_at - now for row in OutboxRow.objects}


def test_rows_are_delivered_right_after_the_commit_and_stay_until_completed(taker: Taker) -> None:
    write("a", "b")
    assert (taker.taken, taker.calls) == (["a", "b"], 1)
    assert set(waits()) == {"a", "b"}
    outbox.complete(["a", "b", "unknown"])
    assert waits() == {}
    outbox.complete([])


def test_nothing_follows_a_write_that_did_not_happen(taker: Taker) -> None:
    @unit_of_work
    def fail() -> None:
        write("a")
        raise Conflict

    with pytest.raises(Conflict):
        fail()
    assert taker.taken == []
    assert waits() == {}


def test_a_row_belongs_to_a_write() -> None:
    with pytest.raises(RuntimeError):
        outbox.add(kind="test", payload={})


def test_a_payload_comes_back_as_it_went_in_whatever_its_names(taker: Taker) -> None:
    sent = {"$set": {"a.b": [1, None, "ü", 2**70]}, "": {"_id": True}}
    write("a", payload=sent)
    assert OutboxRow.objects.get(row_id="a").payload == sent


def test_what_could_not_be_delivered_is_relayed(taker: Taker, settings: Any) -> None:
    taker.fails_at = lambda _: True
    write("a")
    assert taker.taken == []
    assert waits()["a"].total_seconds() <= settings.OUTBOX_RELAY_SECONDS / 2
    taker.fails_at = lambda _: False
    make_due()
    assert outbox.relay_once() == 1
    assert taker.taken == ["a"]


def test_what_was_delivered_is_offered_again_when_nobody_completed_it(
    taker: Taker, settings: Any
) -> None:
    write("a")
    assert outbox.relay_once() == 0
    assert waits()["a"].total_seconds() > settings.OUTBOX_REOFFER_SECONDS / 2
    make_due()
    assert outbox.relay_once() == 1
    assert taker.taken == ["a", "a"]


def test_a_bad_row_holds_up_no_other(taker: Taker) -> None:
    taker.fails_at = lambda row: row.row_id == "bad"
    write("a", "bad", "b")
    assert sorted(taker.taken) == ["a", "b"]
    assert OutboxRow.objects.get(row_id="bad").tries == 1


def test_after_an_outage_no_row_is_tried_singly(taker: Taker) -> None:
    taker.fails_at = lambda _: True
    for error in (Unavailable(), ConnectionRefusedError()):
        taker.error, taker.calls = error, 0
        write(*(f"{type(error).__name__}{n}" for n in range(10)))
        assert taker.calls == 1
    assert len(waits()) == 20


def test_an_undeliverable_row_waits_longer_each_time_up_to_a_bound(
    taker: Taker, settings: Any
) -> None:
    taker.fails_at = lambda _: True
    write("a")
    found = []
    for _ in range(9):
        make_due()
        outbox.relay_once()
        found.append(round(waits()["a"] / timedelta(seconds=settings.OUTBOX_RELAY_SECONDS), 0))
    assert found == [1, 2, 4, 8, 16, 32, 32, 32, 32]


def test_what_was_delivered_is_offered_ever_more_seldom(taker: Taker, settings: Any) -> None:
    strand(taker, 1)
    found = []
    for _ in range(9):
        outbox.relay_once()
        found.append(round(waits()["00"] / timedelta(seconds=settings.OUTBOX_REOFFER_SECONDS), 1))
        make_due()
    assert found == [1, 2, 4, 8, 16, 32, 64, 64, 64]
    outbox.make_due("test")
    outbox.relay_once()
    assert waits()["00"].total_seconds() <= settings.OUTBOX_REOFFER_SECONDS


def test_what_was_never_delivered_goes_first_and_an_outage_makes_nothing_new(taker: Taker) -> None:
    old = [f"old {n}" for n in range(9)]
    write(*old)
    taker.fails_at, taker.error = (lambda _: True), Unavailable()
    write("new")
    assert outbox.offer_again(old) == (9, 0)
    make_due()
    taker.fails_at, taker.taken = (lambda _: False), []
    assert outbox.relay_once(limit=4) == 5
    assert taker.taken[0] == "new"
    assert outbox.relay_once(limit=4) == 4


def test_a_kind_that_nobody_takes_waits() -> None:
    @unit_of_work
    def strange() -> None:
        outbox.add(kind="strange", payload={}, row_id="a")

    strange()
    assert set(waits()) == {"a"}


def strand(taker: Taker, count: int) -> None:
    """Leave due rows that nobody took."""
    taker.fails_at, taker.error = (lambda _: True), Unavailable()
    write(*(f"{n:02}" for n in range(count)))
    make_due()
    taker.fails_at, taker.calls = (lambda _: False), 0


def test_a_backlog_is_relayed_in_portions(taker: Taker) -> None:
    strand(taker, 10)
    assert outbox.relay_once(limit=4) == 10
    assert taker.calls == 3
    assert outbox.relay_once(limit=4) == 0


def test_relaying_stops_when_it_is_told_to_or_when_nothing_is_taken(taker: Taker) -> None:
    strand(taker, 10)
    assert outbox.relay_once(limit=4, until=lambda: True) == 4
    taker.fails_at = lambda _: True
    assert outbox.relay_once(limit=4) == 0
    assert taker.calls == 2
    taker.fails_at = lambda _: False
    assert outbox.relay_once(limit=4) == 2


def test_two_relays_at_once_deliver_everything(taker: Taker) -> None:
    strand(taker, 20)
    start = threading.Barrier(2)

    def relay(_: int) -> int:
        start.wait()
        return outbox.relay_once(limit=3)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(relay, range(2)))
    assert set(taker.taken) == {f"{n:02}" for n in range(20)}
    assert outbox.relay_once() == 0


def test_a_kind_is_flushed_whether_due_or_not(taker: Taker) -> None:
    taker.fails_at = lambda row: row.row_id == "bad"
    write("a", "bad")
    assert not outbox.flush("test")
    taker.fails_at = lambda _: False
    assert outbox.flush("test")
    assert outbox.flush("nothing")


def test_depth_tells_how_far_behind_it_is(taker: Taker) -> None:
    assert outbox.depth() == {"rows": 0, "overdue_seconds": 0}
    strand(taker, 1)
    depth = outbox.depth()
    assert depth["rows"] == 1
    assert depth["overdue_seconds"] > 3600


def test_the_relay_delivers_what_writers_could_not_and_stops_at_sigterm(
    mongo: Any, fresh_names: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(outbox._handlers, "bump", lambda _: [])

    @unit_of_work
    def leave() -> None:
        for n in range(5):
            outbox.add(kind="bump", payload={"tags": [f"story:{n}"]})
        counters.add(kind="story", key="gone", counts={"total_reads": 1})

    leave()
    env = {**os.environ, "MONGODB_URI": settings.MONGODB_URI, "KEY_PREFIX": settings.KEY_PREFIX}
    relay = subprocess.Popen([sys.executable, "manage.py", "relay"], cwd=ROOT, env=env)
    try:
        wait_until(lambda: not mongo[fresh_names]["outbox"].count_documents({}))
        wait_until(lambda: not mongo[fresh_names]["pending_counts"].count_documents({}))
    finally:
        relay.send_signal(signal.SIGTERM)
        assert relay.wait(10) == 0


def test_an_id_that_is_stored_already_stays_as_it_is(taker: Taker) -> None:
    taker.fails_at = lambda _: True
    write("once", payload={"first": True})
    write("once", payload={"first": False})
    assert [row.payload for row in OutboxRow.objects()] == [{"first": True}]
