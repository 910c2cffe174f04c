"""What nobody can run is refused where it comes in; what comes by the wire harms no neighbour."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from config.celery import app
from storychain import redis
from storychain.errors import Invalid
from storychain.queues import desk, ledger, records
from storychain.queues.deadletters import DeadLetter
from storychain.queues.payloads import MOST_BYTES, BadPayload
from storychain.queues.records import get_job
from storychain.queues.registry import UnknownJob, find_job
from storychain.queues.stats import stats
from storychain.queues.wire import Entry, Spec
from tests.queueing import jobs
from tests.queueing.workers import IO, Crew, wait_until

ROUND: dict[str, Any] = {}
ROUND["itself"] = ROUND
SURROGATE = "\ud800"


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        ({}, "missing required field `trace`"),
        ({"trace": 1, "text": "-"}, r"Expected `str`, got `int` - at `\$.trace`"),
        ({"trace": "-", "text": "-", "more": 1}, "unknown field `more`"),
        ({"trace": "-", "text": object()}, "Expected `str`, got `object`"),
        ({"trace": "-", "text": SURROGATE}, "surrogates not allowed"),
        ({"trace": "-", "text": "x" * MOST_BYTES}, "at most 65,536 are taken: store it"),
    ],
)
def test_a_payload_of_the_wrong_shape_is_refused(payload: dict[str, Any], said: str) -> None:
    with pytest.raises(BadPayload, match=f"test.leave: .*{said}"):
        jobs.leave_trace.enqueue(**payload)
    assert _is_untouched()


def test_a_payload_of_just_the_size_is_taken_and_one_byte_more_is_not() -> None:
    room = MOST_BYTES - len(b'{"trace":"","text":""}')
    assert jobs.leave_trace.enqueue(trace="", text="x" * room)
    with pytest.raises(BadPayload, match="65,537 bytes as JSON"):
        jobs.leave_trace.enqueue(trace="", text="x" * (room + 1))


@pytest.mark.parametrize("seconds", [float("nan"), float("inf")])
def test_what_json_cannot_say_is_refused(seconds: float) -> None:
    with pytest.raises(BadPayload, match=r"test\.leave_late: .*float"):
        jobs.leave_late.enqueue(trace="-", text="-", seconds=seconds)
    assert _is_untouched()


def test_what_holds_itself_is_refused() -> None:
    with pytest.raises(BadPayload, match=r"test\.anything: "):
        jobs.anything.enqueue(what=ROUND)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"delay": -1}, "delay is -1: use seconds from 0 to"),
        ({"delay": float("nan")}, "delay is nan: use seconds"),
        ({"delay": "soon"}, "delay is 'soon': use seconds"),
        ({"delay": 1e12}, "use seconds from 0 to 31,622,400"),
        ({"priority": 4}, r"priority is 4: use 0 \(urgent\), 1, 2 or 3 \(low\)"),
        ({"job_id": ""}, "job_id is '': use 1 to 250 characters"),
        ({"job_id": 7}, "job_id is 7: use 1 to 250 characters"),
        ({"job_id": "x" * 251}, "use 1 to 250 characters"),
        ({"job_id": SURROGATE}, "use 1 to 250 characters of UTF-8"),
    ],
)
def test_options_that_mean_nothing_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(BadPayload, match=said):
        jobs.leave_trace.enqueue(trace="-", text="-", **options)
    assert _is_untouched()


def test_one_bad_call_of_many_lets_none_in() -> None:
    with pytest.raises(BadPayload):
        [jobs.typed.call(at=at) for at in ("2026-01-01T00:00:00Z", "yesterday")]
    assert _is_untouched()


@pytest.mark.parametrize(
    "call",
    [
        lambda: desk.pause_queue("post"),
        lambda: records.list_jobs(queue="post", state="dead"),
        lambda: records.list_jobs(queue="email", state="asleep"),
    ],
)
def test_unknown_queues_and_states_are_named_with_those_that_there_are(
    call: Callable[[], object],
) -> None:
    with pytest.raises(Invalid, match="email, notification, analytics, cleanup, export"):
        call()


def test_an_unknown_job_is_named() -> None:
    with pytest.raises(UnknownJob, match=r"'post\.send'"):
        find_job("post.send")


def test_what_nobody_can_run_harms_no_neighbour(crew: Crew, trace: str) -> None:
    worker = crew.start(IO)
    for payload in ({"trace": 1, "text": "-"}, {}, {"trace": "-", "text": "x" * MOST_BYTES}):
        app.send_task("test.leave", kwargs=payload, queue="notification")
    app.send_task("test.leave", args=("positional",), queue="notification")
    app.send_task("test.unheard_of", kwargs={}, queue="notification")
    app.send_task("test.leave", kwargs={"trace": trace, "text": "good"}, queue="notification")
    wait_until(lambda: Path(trace).exists())
    log = worker.log.read_text()
    for said in ("test.leave: Expected `str`", "at most 65,536 are taken", "test.unheard_of"):
        assert said in log
    assert worker.process.poll() is None
    assert {row["dead"] for row in stats()} == {0}

    # In the ledger itself it dies with a reason.
    huge = b'{"trace":1,"text":"%s"}' % (b"x" * MOST_BYTES)
    ledger.enqueue(
        [Entry(str(n), "notification", _spec(args)) for n, args in enumerate((b"[]", b"7", huge))]
    )
    good = jobs.leave_trace.enqueue(trace=trace, text="good")
    wait_until(lambda: get_job(good).state == "completed")
    wait_until(lambda: DeadLetter.objects(job_id__in=["0", "1", "2"]).count() == 3)
    assert all("BadPayload: test.leave: " in letter.error for letter in DeadLetter.objects)


def _spec(args: bytes) -> Spec:
    return Spec(name="test.leave", args=msgspec.Raw(args), attempts=3, level=2)


def _is_untouched() -> bool:
    return not redis.client("queue").keys(redis.key("q", "*"))
