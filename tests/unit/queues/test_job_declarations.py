"""What a job's function says of it, and what it may not say."""

from datetime import UTC, datetime

import msgspec
import pytest

from storychain.queues.jobs import Priority, job
from storychain.queues.payloads import BadPayload, Payload
from storychain.queues.plan import plan_for, read_profiles
from storychain.queues.registry import UnknownJob, find_job
from storychain.queues.topology import EMAIL, QUEUES
from storychain.queues.wire import UNREADABLE, decode_spec


def greet(*, to: str, at: datetime, times: int = 1) -> int:
    return times


def test_arguments_come_back_with_their_types() -> None:
    payload, at = Payload(greet, job_name="greet"), datetime(2026, 1, 1, tzinfo=UTC)
    encoded = payload.encode({"to": "ada", "at": at})
    assert encoded == b'{"to":"ada","at":"2026-01-01T00:00:00Z","times":1}'
    assert payload.decode(encoded) == {"to": "ada", "at": at, "times": 1}


def test_what_does_not_fit_is_refused_both_ways() -> None:
    payload = Payload(greet, job_name="greet")
    with pytest.raises(BadPayload, match="greet: Object contains unknown field `cc`"):
        payload.encode({"to": "ada", "at": datetime.now(UTC), "cc": "bob"})
    for wire in (b"{}", b"[]", b"", b"{", b'{"to":1,"at":"2026-01-01T00:00:00Z"}'):
        with pytest.raises(BadPayload):
            payload.decode(wire)
    with pytest.raises(BadPayload, match="returned something else"):
        payload.encode_result("one")


def test_what_types_cannot_tell_is_checked_both_ways() -> None:
    def check(*, to: str, at: datetime, times: int) -> None:
        if times > 1:
            raise ValueError(f"times is {times}; {to} is greeted once")

    payload, at = Payload(greet, job_name="greet", check=check), datetime(2026, 1, 1, tzinfo=UTC)
    encoded = payload.encode({"to": "ada", "at": at})
    assert payload.decode(encoded)["times"] == 1
    with pytest.raises(BadPayload, match="greet: times is 2; ada is greeted once"):
        payload.encode({"to": "ada", "at": at, "times": 2})
    with pytest.raises(BadPayload, match="greet: times is 9"):
        payload.decode(encoded.replace(b'"times":1', b'"times":9'))


def test_a_job_that_takes_more_than_it_names_lets_the_rest_pass() -> None:
    def lenient(*, to: str, **_: object) -> None: ...

    payload = Payload(lenient, job_name="lenient")
    assert payload.decode(payload.encode({"to": "ada", "more": 1})) == {"to": "ada"}


def test_arguments_are_keyword_only_annotated_and_not_named_like_options() -> None:
    def positional(to: str) -> None: ...
    def bare(*, to) -> None: ...
    def reserved(*, delay: int) -> None: ...

    for function in (positional, bare, reserved):
        with pytest.raises(TypeError, match="must be keyword-only, annotated, and none of"):
            Payload(function, job_name="-")


def test_a_name_belongs_to_one_function() -> None:
    @job(queue=EMAIL, name="unit.first")
    def first() -> None: ...

    with pytest.raises(ValueError, match=r"Two jobs are named 'unit\.first'"):

        @job(queue=EMAIL, name="unit.first")
        def second() -> None: ...

    assert find_job("unit.first") is first
    with pytest.raises(UnknownJob, match=r"No job is named 'unit\.nobody'"):
        find_job("unit.nobody")


def test_a_call_is_what_the_outbox_stores() -> None:
    @job(queue=EMAIL, name="unit.greet", priority=Priority.HIGH)
    def greeting(*, to: str) -> None: ...

    call = greeting.call(to="ada", delay=2, slot="noon")
    assert (call.kind, len(call.row_id)) == ("job", 32)
    assert call.payload == {
        "job": "unit.greet",
        "args": {"to": "ada"},
        "priority": 1,
        "delay": 2,
        "slot": "noon",
        "schedule": "",
        "request_id": "",
    }


def test_a_spec_that_cannot_be_read_does_no_harm() -> None:
    assert decode_spec("{") is UNREADABLE
    assert decode_spec('{"name": "x"}') is UNREADABLE
    assert msgspec.json.decode(UNREADABLE.args) == {}


def test_the_profiles_are_those_of_the_seed() -> None:
    profiles = read_profiles()
    assert profiles["production-large"] == {
        "email": 20,
        "notification": 50,
        "analytics": 100,
        "cleanup": 2,
        "export": 5,
    }
    assert [plan["email"] for plan in profiles.values()] == [2, 5, 10, 20]


def test_the_seeds_formula_shares_out_what_a_machine_bears() -> None:
    example = {"email": 10, "notification": 20, "analytics": 40, "cleanup": 1, "export": 5}
    assert plan_for(ram_mb=1000) == example
    assert plan_for(ram_mb=64_000)["cleanup"] == 2
    assert plan_for(ram_mb=0) == dict.fromkeys(QUEUES, 1)
