"""What an operator types."""

import json
import os
import signal
import time
import warnings
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from prometheus_client import REGISTRY
from pymongo.errors import ServerSelectionTimeoutError

from storychain import outbox, redis
from storychain.documents import unit_of_work
from storychain.management.commands import dead_letters
from storychain.outbox import OutboxRow
from storychain.queues import deadletters, ledger
from storychain.queues.deadletters import DeadLetter, mirror_dead
from storychain.queues.models import JobRun
from storychain.queues.records import JobRecord, get_job
from storychain.queues.wire import Ask, Outcome
from tests.factories import unique
from tests.queueing import jobs
from tests.queueing.workers import wait_until

pytestmark = pytest.mark.django_db


def type_in(*words: str) -> str:
    out = StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


def die(job_id: str) -> str:
    """Let the one job that waits die; return its id."""
    (_, (held,)) = ledger.exchange(queue="notification", holder="w/1#1", ask=Ask(1, 9, unique("n")))
    outcome = Outcome(job_id, held.token, "dead", "ValueError: why")
    assert ledger.exchange(queue="notification", holder="w/1#1", outcomes=[outcome], ask=None) == (
        [],
        [],
    )
    return job_id


@pytest.fixture
def dead_job() -> str:
    job_id = die(jobs.typed.enqueue(at=datetime.now(UTC)))
    mirror_dead()
    return job_id


@unit_of_work
def write() -> str:
    """What a service does: the job is a row that is stored with the write."""
    call = jobs.typed.call(at=datetime.now(UTC))
    return outbox.add(kind=call.kind, payload=call.payload, row_id=call.row_id)


def forget_everything() -> None:
    """What a queue Redis does that comes back empty."""
    client = redis.client("queue")
    client.delete(*client.keys(redis.key("*")))


def test_stats_list_and_show(dead_job: str) -> None:
    assert "notification" in type_in("jobs", "stats")
    assert dead_job in type_in("jobs", "list", "notification", "dead")
    shown = json.loads(type_in("jobs", "show", dead_job))
    assert shown["job"]["error"] == "ValueError: why"
    assert [line["event"] for line in shown["log"]] == ["dead"]
    assert shown["dead_letter"]["status"] == "dead"


def test_a_job_is_shown_with_its_attempts(dead_job: str) -> None:
    row = {"job_id": dead_job, "name": "test.typed", "queue": "notification", "attempt": 1}
    row |= {"token": 1, "started_at": datetime.now(UTC), "duration": 0.25, "outcome": "dead"}
    JobRun.objects.create(**row, error="ValueError: why", request_id="req")
    (run,) = json.loads(type_in("jobs", "show", dead_job))["runs"]
    assert (run["outcome"], run["duration"], run["request_id"]) == ("dead", 0.25, "req")


def test_alerts_are_an_exit_code(dead_job: str, capsys) -> None:
    with pytest.raises(SystemExit) as end:
        call_command("jobs", "alerts")
    assert end.value.code == 1
    assert "dead: 1 dead jobs" in capsys.readouterr().out
    type_in("jobs", "discard", dead_job)
    assert type_in("jobs", "alerts", "--json") == "[]\n"


def test_jobs_that_are_parked_are_shown_and_ended_with_those_that_wait() -> None:
    ids = [jobs.exclusive.enqueue(trace="-", kind="logs") for _ in range(2)]
    ledger.exchange(queue="cleanup", holder="w/1#1", ask=Ask(2, 9, "1"))
    row = next(r for r in json.loads(type_in("jobs", "stats", "--json")) if r["name"] == "cleanup")
    assert (row["waiting"], row["parked"], row["active"]) == (1, 1, 1)
    assert REGISTRY.get_sample_value("storychain_queue_parked", {"queue": "cleanup"}) == 1
    for state in ("parked", "waiting"):
        assert ids[1] in type_in("jobs", "list", "cleanup", state)
    assert "cancel: 1 waiting jobs" in type_in("jobs", "cancel", "--all", "cleanup")
    assert get_job(ids[1]).state == "failed"


def test_pause_and_resume() -> None:
    assert type_in("jobs", "pause", "email") == "email is paused\n"
    assert "email (paused)" in type_in("jobs", "stats")
    assert json.loads(type_in("jobs", "resume", "email", "--json")) == {
        "queue": "email",
        "paused": False,
    }
    assert "paused" not in type_in("jobs", "stats")


def test_retry_and_discard(dead_job: str) -> None:
    assert type_in("jobs", "retry", dead_job) == "retry: 1 done\n"
    assert DeadLetter.objects.get(job_id=dead_job).status == "replayed"
    with pytest.raises(CommandError, match="is waiting; this takes dead"):
        type_in("jobs", "discard", dead_job)
    with pytest.raises(CommandError, match="No job has the id 'nobody'"):
        type_in("jobs", "retry", "nobody")
    assert "1 waiting jobs of notification" in type_in("jobs", "cancel", "--all", "notification")
    with pytest.raises(CommandError, match="--all QUEUE"):
        type_in("jobs", "cancel")
    with pytest.raises(CommandError, match="--all QUEUE"):
        type_in("jobs", "cancel", "x", "--all", "email")


def test_of_several_what_is_refused_is_said_and_the_rest_is_done(dead_job: str) -> None:
    out = StringIO()
    with pytest.raises(CommandError, match="No job has the id 'nobody'"):
        call_command("jobs", "retry", "nobody", dead_job, "--json", stdout=out)
    assert json.loads(out.getvalue())["done"] == [dead_job]
    assert get_job(dead_job).state == "waiting"


def test_enqueue_by_name() -> None:
    job_id = type_in("jobs", "enqueue", "test.nothing", '{"n": 1}').strip()
    assert get_job(job_id).state == "waiting"
    assert json.loads(type_in("jobs", "enqueue", "test.nothing", '{"n": 1}', "--json"))["id"]
    with pytest.raises(CommandError, match="No job is named 'nope'"):
        type_in("jobs", "enqueue", "nope")
    with pytest.raises(CommandError, match="Expected `int`, got `str`"):
        type_in("jobs", "enqueue", "test.nothing", '{"n": "1"}')
    with pytest.raises(CommandError, match="JSON object"):
        type_in("jobs", "enqueue", "test.nothing", "[")


def test_progress() -> None:
    job_id = jobs.nothing.enqueue(n=1)
    assert type_in("jobs", "progress", job_id) == "waiting: it has not said how far it is\n"
    (_, (held,)) = ledger.exchange(queue="analytics", holder="w/1#1", ask=Ask(1, 9, "1"))
    ledger.report(job_id, token=held.token, done=3, total=10)
    assert type_in("jobs", "progress", job_id) == "active: 3 of 10\n"
    shown = json.loads(type_in("jobs", "progress", job_id, "--json"))
    assert shown["progress"] == {"done": 3, "total": 10}


@pytest.mark.parametrize(
    "words",
    [
        ("jobs", "stats"),
        ("jobs", "list", "email", "waiting"),
        ("jobs", "workers"),
        ("jobs", "alerts"),
        ("dead_letters", "list"),
        ("dead_letters", "replay", "--all"),
    ],
)
def test_every_answer_can_be_json(words: tuple[str, ...]) -> None:
    json.loads(type_in(*words, "--json"))


VERBS = "stats workers alerts follow list show progress retry discard cancel pause resume enqueue"


@pytest.mark.parametrize(
    "words",
    [("jobs", verb) for verb in VERBS.split()]
    + [("dead_letters", verb) for verb in ("list", "replay", "discard")],
)
def test_every_verb_explains_itself(words: tuple[str, ...], capsys) -> None:
    with pytest.raises(SystemExit) as end:
        call_command(*words, "--help")
    assert end.value.code == 0
    assert "--json" in capsys.readouterr().out


def test_without_the_ledger_the_error_names_the_variable(settings) -> None:
    settings.REDIS_QUEUE_URL = "redis://127.0.0.1:1/0"
    redis.disconnect()
    for words in (("stats",), ("show", "x"), ("pause", "email"), ("enqueue", "test.permanent")):
        with pytest.raises(CommandError, match=r"REDIS_QUEUE_URL.*doctor"):
            type_in("jobs", *words)


def test_without_mongodb_the_error_names_the_variable(monkeypatch) -> None:
    def fail(**_: object) -> None:
        raise ServerSelectionTimeoutError("no route")

    monkeypatch.setattr(dead_letters, "list_dead_letters", fail)
    with pytest.raises(CommandError, match=r"MONGODB_URI.*no route.*doctor"):
        type_in("dead_letters", "list")


def test_dead_letters_are_listed_replayed_and_discarded(dead_job: str) -> None:
    assert "ValueError: why" in type_in("dead_letters", "list")
    (shown,) = json.loads(type_in("dead_letters", "list", "--json"))
    assert (shown["id"], shown["args"]["count"], shown["attempts"]) == (dead_job, 1, 1)
    assert type_in("dead_letters", "replay", "--all", "--queue", "email") == "replay: 0 done\n"
    assert type_in("dead_letters", "replay", "--all") == "replay: 1 done\n"
    assert get_job(dead_job).state == "waiting"
    assert DeadLetter.objects.get(job_id=dead_job).status == "replayed"
    with pytest.raises(CommandError, match="this takes dead"):
        type_in("dead_letters", "discard", dead_job)
    with pytest.raises(CommandError, match="--all"):
        type_in("dead_letters", "discard")


def test_a_dead_letter_outlives_the_ledger(dead_job: str) -> None:
    forget_everything()
    type_in("dead_letters", "replay", dead_job)
    assert get_job(dead_job).state == "waiting"
    forget_everything()
    type_in("dead_letters", "discard", dead_job)
    assert DeadLetter.objects.get(job_id=dead_job).status == "discarded"
    with pytest.raises(CommandError, match="was discarded, for good"):
        type_in("dead_letters", "replay", dead_job)


def test_a_dead_job_that_the_ledger_has_lost_comes_back_as_the_same() -> None:
    about = {"slot": "2026-03-01T03:00:00+00:00", "schedule": "clean-logs", "priority": 0}
    job_id = jobs.exclusive.enqueue(trace="-", kind="logs", **about)
    (_, (held,)) = ledger.exchange(queue="cleanup", holder="w/1#1", ask=Ask(1, 9, "1"))
    outcome = Outcome(job_id, held.token, "dead", "ValueError: why")
    ledger.exchange(queue="cleanup", holder="w/1#1", outcomes=[outcome], ask=None)
    assert mirror_dead() == 1
    before = get_job(job_id)
    forget_everything()
    type_in("dead_letters", "replay", job_id)
    after = get_job(job_id)
    for name in ("name", "queue", "args", "slot", "schedule", "priority", "lock", "request_id"):
        assert getattr(after, name) == getattr(before, name), name
    assert after.lock == "test.exclusive:logs"


# A letter, its job and its row, whoever is at them at the same time


def test_a_replayed_job_is_in_the_outbox_until_it_ends() -> None:
    job_id = die(write())
    mirror_dead()
    assert OutboxRow.objects.count() == 0
    type_in("jobs", "retry", job_id)
    forget_everything()
    assert outbox.offer_again([job_id]) == (1, 1)
    assert get_job(job_id).state == "waiting"
    die(job_id)
    mirror_dead()
    assert (OutboxRow.objects.count(), DeadLetter.objects.get().status) == (0, "dead")


def test_a_job_that_the_ledger_has_lost_twice_comes_back_twice(dead_job: str) -> None:
    """It was in no outbox at first; from its replay on it is."""
    for again in (lambda: type_in("jobs", "retry", dead_job), lambda: outbox.flush("job")):
        forget_everything()
        again()
        assert (get_job(dead_job).state, get_job(dead_job).is_outbox) == ("waiting", True)
    forget_everything()
    with pytest.raises(CommandError, match="was replayed: it has ended, or is in the outbox"):
        type_in("jobs", "retry", dead_job)
    type_in("jobs", "discard", dead_job)
    assert OutboxRow.objects.count() == 0


def test_a_cancelled_job_that_is_retried_is_in_the_outbox_too() -> None:
    job_id = write()
    type_in("jobs", "cancel", job_id)
    assert OutboxRow.objects.count() == 0
    type_in("jobs", "retry", job_id)
    assert OutboxRow.objects.get().row_id == job_id
    assert DeadLetter.objects.count() == 0


@pytest.mark.parametrize(
    ("verb", "status", "rows"), [("discard", "discarded", 0), ("retry", "replayed", 1)]
)
def test_what_is_decided_while_a_death_is_mirrored_stands(
    monkeypatch: pytest.MonkeyPatch, verb: str, status: str, rows: int
) -> None:
    job_id, read = die(write()), deadletters.read_records

    def decide_meanwhile(ids: list[str]) -> list[JobRecord]:
        found = read(ids)
        type_in("jobs", verb, job_id)
        return found

    with monkeypatch.context() as patched:
        patched.setattr(deadletters, "read_records", decide_meanwhile)
        mirror_dead()
    mirror_dead()
    assert DeadLetter.objects.get(job_id=job_id).status == status
    assert OutboxRow.objects.count() == rows


def test_a_job_that_dies_anew_while_its_death_is_mirrored_is_dead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job_id, read = die(write()), deadletters.read_records

    def die_meanwhile(ids: list[str]) -> list[JobRecord]:
        found = read(ids)
        ended = get_job(job_id).ended
        type_in("jobs", "retry", job_id)
        wait_until(lambda: time.time() * 1000 > (ended or 0) + 2)  # as deaths are told apart
        die(job_id)
        return found

    with monkeypatch.context() as patched:
        patched.setattr(deadletters, "read_records", die_meanwhile)
        mirror_dead()
    assert DeadLetter.objects.get(job_id=job_id).status == "replayed"
    assert mirror_dead() == 1
    assert (DeadLetter.objects.get().status, OutboxRow.objects.count()) == ("dead", 0)
    assert mirror_dead() == 0


# What happens, as it happens


def follow(path: Path, *words: str) -> int:
    """Let a fork follow what happens, into a file; return its process."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # it has threads, and does without them
        if child := os.fork():
            return child
    code: object = "it came to its end without a signal"
    try:
        with path.open("w") as out:
            call_command("jobs", "follow", *words, stdout=out)
    except SystemExit as end:
        code = end.code
    finally:
        os._exit(0 if code == 0 else 99)


def test_what_happens_is_followed_until_a_signal_ends_it(tmp_path: Path) -> None:
    lines, events = tmp_path / "lines", tmp_path / "events"
    followers = {follow(lines): signal.SIGINT, follow(events, "--json"): signal.SIGTERM}
    try:
        wait_until(
            lambda: (
                jobs.nothing.enqueue(n=1)
                and lines.exists()
                and lines.read_text()
                and events.exists()
                and events.read_text()
            ),
            seconds=12,
            pause=0.2,  # so few that no file's buffer fills
        )
    finally:
        codes = [_end(child, by=number) for child, number in followers.items()]
    assert codes == [0, 0]
    assert lines.read_text().split()[:3] == ["enqueued", "analytics", "1"]
    event = json.loads(events.read_text().splitlines()[0])
    assert (event["event"], event["queue"], event["count"]) == ("enqueued", "analytics", 1)


def _end(child: int, *, by: signal.Signals) -> int:
    os.kill(child, by)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_the_plan_shows_profiles_and_the_formula() -> None:
    shown = type_in("worker_plan", "--ram", "1000")
    assert "1000 MB" in shown
    assert "STORYCHAIN_PROFILE is development" in shown
    for said in ("SendGrid 100", "Mailgun 300", "Formula", "Too few", "Too many", "2-4 vCPU, 4 GB"):
        assert said in shown


def test_a_plan_for_too_little_ram_is_refused() -> None:
    with pytest.raises(CommandError, match="--ram 10: the five queues need 250 MB at least"):
        call_command("worker_plan", "--ram", "10")


def test_prometheus_sees_the_queues(dead_job: str) -> None:
    labels = {"queue": "notification", "state": "dead"}
    assert REGISTRY.get_sample_value("storychain_queue_jobs", labels) == 1
