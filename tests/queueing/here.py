"""Jobs run in the test's own process: claimed from the ledger as a worker does, again on demand."""

from __future__ import annotations

from typing import Any

import msgspec
from django.conf import settings

from storychain.queues import ledger
from storychain.queues.execution import perform
from storychain.queues.records import get_job
from storychain.queues.running import Run
from storychain.queues.wire import Ask, Claimed, Outcome

HOLDER = "test/1#1"
_hands: dict[tuple[str, str], Claimed] = {}


def attempt(job_id: str) -> Outcome:
    """Run a job that waits, or that was run so before, and keep it in hands."""
    queue = get_job(job_id).queue
    while (settings.KEY_PREFIX, job_id) not in _hands:
        ask = Ask(want=1, cap=10_000, nonce=str(len(_hands)))
        _, (claimed,) = ledger.exchange(queue=queue, holder=HOLDER, ask=ask)
        _hands[settings.KEY_PREFIX, claimed.job_id] = claimed
    return perform(Run(queue=queue, claimed=_hands[settings.KEY_PREFIX, job_id]))


def run(job_id: str, *, times: int = 1) -> Any:
    """Run a job, so often as if it were delivered again; hand it in, and return its one result."""
    outcomes = [attempt(job_id) for _ in range(times)]
    assert {outcome.state for outcome in outcomes} == {"completed"}, outcomes
    (text,) = {outcome.text for outcome in outcomes}
    ledger.exchange(queue=get_job(job_id).queue, holder=HOLDER, outcomes=outcomes[-1:], ask=None)
    return msgspec.json.decode(text)
