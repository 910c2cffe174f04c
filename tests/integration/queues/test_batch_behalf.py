"""Whose a line in the log is, where one call is made for many jobs."""

from __future__ import annotations

import logging
from typing import Any

import msgspec
import pytest

from apps.analytics.jobs import record
from storychain.bulk import Unstorable
from storychain.observability.correlation import add_behalf, enter_behalf, leave_behalf
from storychain.queues.batches import perform_together
from storychain.queues.jobs import entry_of
from storychain.queues.running import Run
from storychain.queues.wire import Claimed

pytestmark = pytest.mark.django_db
BAD = "bad"


def make_run(job_id: str, *, request_id: str = "") -> Run:
    """Return a run as it is claimed, enqueued while a request was served."""
    token = enter_behalf(request_id=request_id)
    entry = entry_of(record.call(event=job_id, timestamp="2026-03-01T12:00:00Z"))
    leave_behalf(token)
    spec = msgspec.json.encode(entry.spec).decode()
    return Run(queue="analytics", claimed=Claimed(job_id, 1, 1, spec))


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """On whose behalf the job's function was called; it cannot store what is BAD."""
    found: list[dict[str, Any]] = []

    def store(events: list[Any]) -> None:
        found.append(dict(add_behalf(None, "", {})))
        if any(event.event == BAD for event in events):
            raise Unstorable("this one")

    monkeypatch.setattr("apps.analytics.services.record_events", store)
    return found


def test_a_batch_is_logged_with_what_all_of_it_share(calls: list[dict[str, Any]]) -> None:
    perform_together([make_run("a", request_id="one"), make_run("b", request_id="one")])
    perform_together([make_run("a", request_id="one"), make_run("b", request_id="two")])
    perform_together([make_run("a", request_id="one")])
    name = {"job": "analytics.record"}
    assert calls == [
        name | {"request_id": "one"},
        name,
        name | {"request_id": "one", "job_id": "a"},
    ]
    assert add_behalf(None, "", {}) == {}


def test_the_one_that_is_at_fault_is_logged_as_itself(
    calls: list[dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    said: list[dict[str, Any]] = []

    def listen(line: logging.LogRecord) -> bool:
        said.append(dict(add_behalf(None, "", {})))
        return True

    caplog.handler.addFilter(listen)
    runs = [make_run(each, request_id=f"of {each}") for each in ("a", BAD, "c")]
    outcomes = perform_together(runs)
    assert sorted((o.job_id, o.state) for o in outcomes) == [
        ("a", "completed"),
        (BAD, "dead"),
        ("c", "completed"),
    ]
    assert said == [{"request_id": f"of {BAD}", "job_id": BAD, "job": "analytics.record"}]
