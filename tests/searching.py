"""Search in tests: the jobs that bring its index up to date, run here as a worker does."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from unittest.mock import patch

from storychain.queues import ledger
from storychain.queues.execution import perform
from storychain.queues.running import Run
from storychain.queues.wire import Ask, Claimed, Outcome
from tests.factories import Caller

QUEUE, HOLDER = "analytics", "test/search#1"
_asked = count()


def index_pending() -> list[str]:
    """Run the jobs that wait for a worker, until there are none; return their names."""
    names: list[str] = []
    while claimed := _claim():
        outcomes = _perform(claimed)
        ledger.exchange(queue=QUEUE, holder=HOLDER, outcomes=outcomes, ask=None)
        assert {outcome.state for outcome in outcomes} == {"completed"}, outcomes
        names += [Run(queue=QUEUE, claimed=one).spec.name for one in claimed]
    return names


def attempt_pending(
    number: int, claimed: Sequence[Claimed] = ()
) -> tuple[Sequence[Claimed], set[str]]:
    """Attempt the jobs that wait, or these, for so many times; return them and their outcomes."""
    claimed = claimed or _claim()
    outcomes = _perform([one._replace(attempt=number) for one in claimed])
    return claimed, {outcome.state for outcome in outcomes}


def _claim() -> Sequence[Claimed]:
    ask = Ask(want=50, cap=1_000, nonce=f"s{next(_asked)}")
    return ledger.exchange(queue=QUEUE, holder=HOLDER, ask=ask)[1]


def _perform(claimed: Sequence[Claimed]) -> list[Outcome]:
    # PostgreSQL would lose the test's own transaction with the connection.
    with patch("storychain.queues.execution.close_old_connections"):
        return [perform(Run(queue=QUEUE, claimed=one)) for one in claimed]


def find(who: Caller, q: str, **more: object) -> list[str]:
    """Search as somebody; return what is found as `kind:key`."""
    query = {"q": q, **more}
    answer = who.client.get("/api/v1/search", query, headers=who.headers)
    assert answer.status_code == 200, answer.content
    return [f"{item['type']}:{item['key']}" for item in answer.json()["items"]]
