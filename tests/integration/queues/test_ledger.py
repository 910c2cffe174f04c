"""The ledger's own rules, step by step, without a worker in between."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest
from redis.exceptions import ResponseError

from storychain import outbox, redis
from storychain.documents import unit_of_work
from storychain.queues import desk, ledger
from storychain.queues.feed import read_events
from storychain.queues.jobs import Priority, enqueue_many
from storychain.queues.losses import mend_losses
from storychain.queues.payloads import BadPayload
from storychain.queues.records import JobNotFound, get_job, list_jobs, read_log
from storychain.queues.scripts import LedgerAway, asking_ledger
from storychain.queues.stats import stats
from storychain.queues.topology import QUEUES
from storychain.queues.wire import Ask, Claimed, Entry, Outcome, Spec
from tests.queueing import jobs
from tests.queueing.workers import wait_until

pytestmark = pytest.mark.usefixtures("no_bells")

QUEUE = "notification"


@pytest.fixture
def no_bells(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Nobody is there to come: note who would have been rung for."""
    rung: list[str] = []
    monkeypatch.setattr("storychain.queues.bells._send", rung.append)
    return rung


def claim(
    want: int = 1, *, queue: str = QUEUE, holder: str = "w/1#1", cap: int = 100, nonce: str = ""
) -> list[Claimed]:
    ask = Ask(want, cap, nonce or f"{datetime.now(UTC).timestamp()}")
    return ledger.exchange(queue=queue, holder=holder, ask=ask)[1]


def settle(*outcomes: Outcome, queue: str = QUEUE, holder: str = "w/1#1") -> list[str]:
    return ledger.exchange(queue=queue, holder=holder, outcomes=outcomes, ask=None)[0]


def end(job: Claimed, state: str = "completed", text: str = "null", delay: int = 0) -> Outcome:
    return Outcome(job.job_id, job.token, state, text, delay)


def count(queue: str = QUEUE) -> dict[str, int]:
    row = next(row for row in stats() if row["name"] == queue)
    return {
        name: row[name]
        for name in ("waiting", "active", "completed", "delayed", "dead", "failed")
        if row[name]
    }


def expire(queue: str = QUEUE) -> None:
    """Let all leases of a queue end now."""
    key = redis.key("q", queue, "active")
    client = redis.client("queue")
    client.zadd(key, dict.fromkeys(client.zrange(key, 0, -1), 1))


# Enqueueing


def test_a_payload_of_another_shape_is_refused_with_the_field_and_what_it_takes() -> None:
    with pytest.raises(BadPayload, match=r"test.typed: Expected `int`, got `str` - at `\$.count`"):
        jobs.typed.enqueue(at=datetime.now(UTC), count="three")
    with pytest.raises(BadPayload, match="unknown field `cuont`"):
        jobs.typed.enqueue(at=datetime.now(UTC), cuont=3)
    with pytest.raises(BadPayload, match="required field `at`"):
        jobs.typed.enqueue(count=3)
    with pytest.raises(BadPayload):
        jobs.typed.enqueue(at=object())
    assert count() == {}


def test_a_payload_over_64_kib_is_refused() -> None:
    jobs.typed.enqueue(at=datetime.now(UTC), note="x" * 65_000)
    with pytest.raises(BadPayload, match=r"65,6\d\d bytes as JSON; at most 65,536"):
        jobs.typed.enqueue(at=datetime.now(UTC), note="x" * 65_600)
    with pytest.raises(BadPayload):
        jobs.typed.enqueue(at=datetime.now(UTC), note="\ud800")


def test_an_id_that_somebody_chose_is_taken_once_also_by_fifty_at_the_same_time() -> None:
    barrier = threading.Barrier(50)

    def enqueue() -> None:
        barrier.wait()
        assert jobs.typed.enqueue(job_id="mine", at=datetime.now(UTC)) == "mine"

    threads = [threading.Thread(target=enqueue) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count() == {"waiting": 1}


def test_a_chosen_id_stays_known_when_the_job_is_long_forgotten() -> None:
    jobs.typed.enqueue(job_id="mine", at=datetime.now(UTC))
    settle(end(*claim()))
    redis.client("queue").delete(redis.key("q", "job", "mine"))
    known = ledger.enqueue([Entry("mine", QUEUE, _spec(), is_marked=True)])
    assert [k.state for k in known] == ["gone"]
    assert count() == {"completed": 1}


def test_of_a_unique_key_one_job_waits_or_runs() -> None:
    first = jobs.unique.enqueue(text="a")
    assert jobs.unique.enqueue(text="a") == first
    other = jobs.unique.enqueue(text="b")
    assert other != first
    held = claim(2)
    assert jobs.unique.enqueue(text="a") == first
    settle(*[end(job) for job in held])
    assert jobs.unique.enqueue(text="a") not in {first, other}


def test_many_are_taken_in_one_step_with_the_known_among_them() -> None:
    first = jobs.typed.enqueue(job_id="one", at=datetime.now(UTC))
    calls = [jobs.typed.call(job_id=i, at=datetime.now(UTC)) for i in ("zero", "one", "two")]
    assert enqueue_many(calls) == ["zero", first, "two"]
    assert enqueue_many([]) == []
    assert count() == {"waiting": 3}


def test_urgent_jobs_go_first_and_others_in_the_order_of_their_coming() -> None:
    order = [Priority.LOW, Priority.NORMAL, Priority.URGENT, Priority.HIGH, Priority.NORMAL]
    ids = [jobs.typed.enqueue(at=datetime.now(UTC), priority=level) for level in order]
    assert [job.job_id for job in claim(5)] == [ids[n] for n in (2, 3, 1, 4, 0)]


def test_a_delayed_job_waits_until_it_is_due() -> None:
    jobs.typed.enqueue(at=datetime.now(UTC), delay=0.05)
    ledger.promote()
    assert count() == {"delayed": 1}
    assert claim() == []
    wait_until(lambda: ledger.promote() or count() == {"waiting": 1})


def test_ten_thousand_fit_into_one_call() -> None:
    calls = [jobs.typed.call(at=datetime.now(UTC)) for _ in range(9_999)]
    known = jobs.unique.call(text="-")
    jobs.unique.enqueue(job_id="known", text="-")
    ids = enqueue_many([*calls, known])
    assert ids[-1] == "known"
    assert len(set(ids)) == 10_000
    delayed = [jobs.typed.call(at=datetime.now(UTC), delay=0.001) for _ in range(10_000)]
    enqueue_many(delayed)
    wait_until(lambda: ledger.promote() or count() == {"waiting": 20_000})


# Attempts


def test_a_failed_attempt_is_repeated_after_one_second_then_two(settings) -> None:
    settings.QUEUE_BACKOFF_SECONDS = 1.0
    from storychain.queues.execution import backoff_ms

    assert [backoff_ms(n) for n in (1, 2, 3)] == [1000, 2000, 4000]


def test_only_who_holds_a_job_can_end_it_and_only_once() -> None:
    jobs.typed.enqueue(at=datetime.now(UTC))
    (job,) = claim()
    stranger = job._replace(token=job.token + 1)
    assert settle(end(stranger)) == [job.job_id]
    assert settle(end(job)) == []
    assert settle(end(job)) == [job.job_id]
    assert count() == {"completed": 1}


def test_a_job_whose_worker_died_waits_again_and_dies_with_the_third() -> None:
    job_id = jobs.typed.enqueue(at=datetime.now(UTC))
    for attempt in (1, 2, 3):
        (job,) = claim()
        assert (job.job_id, job.attempt) == (job_id, attempt)
        expire()
        ledger.sweep()
    assert count() == {"dead": 1}
    assert "worker died" in get_job(job_id).error
    assert [line.event for line in read_log(job_id)] == ["lost"] * 3


def test_a_zombie_is_refused_and_told() -> None:
    jobs.typed.enqueue(at=datetime.now(UTC))
    (old,) = claim()
    expire()
    ledger.sweep()
    (new,) = claim(holder="w/2#1")
    assert new.token > old.token
    assert ledger.heartbeat([(QUEUE, old.job_id, old.token)]) == ([old.job_id], [])
    assert settle(end(old)) == [old.job_id]
    assert settle(end(new), holder="w/2#1") == []


def test_a_heartbeat_keeps_a_job() -> None:
    jobs.typed.enqueue(at=datetime.now(UTC))
    (job,) = claim()
    expire()
    assert ledger.heartbeat([(QUEUE, job.job_id, job.token)]) == ([], [])
    ledger.sweep()
    assert settle(end(job)) == []


def test_tokens_never_repeat_also_after_everything_was_lost() -> None:
    jobs.typed.enqueue(job_id="a", at=datetime.now(UTC))
    (before,) = claim()
    _forget_everything()
    jobs.typed.enqueue(job_id="a", at=datetime.now(UTC))
    (after,) = claim()
    assert after.token > before.token


def test_a_claim_whose_reply_got_lost_gives_the_same_jobs_again() -> None:
    ids = [jobs.typed.enqueue(at=datetime.now(UTC)) for _ in range(4)]
    lost = claim(2, nonce="7")
    again = claim(2, nonce="7")
    assert lost == again
    assert [job.job_id for job in claim(2, nonce="8")] == ids[2:]


def test_no_worker_holds_more_than_its_cap_whichever_process_asks() -> None:
    enqueue_many([jobs.typed.call(at=datetime.now(UTC)) for _ in range(5)])
    assert len(claim(2, holder="w/1#1", cap=3)) == 2
    assert len(claim(2, holder="w/1#2", cap=3)) == 1
    assert len(claim(2, holder="other/1#1", cap=3)) == 2


def test_of_an_exclusive_kind_one_runs_and_the_others_are_let_on_in_turn() -> None:
    for kind in ("logs", "logs", "sessions", "logs"):
        jobs.exclusive.enqueue(trace="-", kind=kind)
    running = claim(9, queue="cleanup")
    assert len(running) == 2
    assert count("cleanup") == {"waiting": 2, "active": 2}
    assert claim(9, queue="cleanup") == []
    logs = running[0]
    settle(end(logs), queue="cleanup")
    assert len(claim(9, queue="cleanup")) == 1
    expire("cleanup")
    ledger.sweep()
    assert len(claim(9, queue="cleanup")) == 2


def test_those_that_are_parked_for_a_lock_are_listed_and_counted_among_those_that_wait() -> None:
    ids = [jobs.exclusive.enqueue(trace="-", kind="logs") for _ in range(3)]
    claim(2, queue="cleanup")
    assert get_job(ids[1]).state == "parked"
    assert get_job(ids[1]).lock == "test.exclusive:logs"
    assert (_row("cleanup")["waiting"], _row("cleanup")["parked"]) == (2, 1)

    def listed(state: str, **page: int) -> list[str]:
        return [record.id for record in list_jobs(queue="cleanup", state=state, **page)]

    assert listed("parked") == [ids[1]]
    assert listed("waiting") == [ids[2], ids[1]]
    assert [listed("waiting", offset=n, limit=1) for n in range(3)] == [[ids[2]], [ids[1]], []]
    desk.cancel_job(ids[2])
    wait_until(lambda: _row("cleanup")["oldest_age"] > 0.02)
    assert desk.act_on_all(queue="cleanup", state="waiting", action=desk.cancel_job) == 1
    assert listed("waiting") == listed("parked") == []
    assert (_row("cleanup")["parked"], _row("cleanup")["oldest_age"]) == (0, 0)


def test_who_is_cancelled_after_he_was_let_on_lets_the_next_on() -> None:
    ids = [jobs.exclusive.enqueue(trace="-", kind="logs") for _ in range(3)]
    settle(end(*claim(3, queue="cleanup")), queue="cleanup")
    assert [get_job(i).state for i in ids] == ["completed", "waiting", "parked"]
    desk.cancel_job(ids[1])
    assert [job.job_id for job in claim(queue="cleanup")] == [ids[2]]


def test_behind_one_that_is_parked_the_next_is_rung_for(no_bells: list[str]) -> None:
    for kind in ("logs", "logs", "sessions"):
        jobs.exclusive.enqueue(trace="-", kind=kind)
    claim(queue="cleanup")
    no_bells.clear()
    ask = Ask(1, 9, "1", answers_bell=True)
    assert ledger.exchange(queue="cleanup", holder="w/2#1", ask=ask)[1] == []  # it was parked
    assert no_bells == ["cleanup"]


def test_what_has_its_time_waits_neither_for_clean_ups_nor_behind_what_is_many() -> None:
    from apps.chapters.jobs import publish_due
    from apps.maintenance.jobs import check_health, clean

    clean.enqueue(type="logs", olderThan=90)
    assert len(claim(queue="cleanup", cap=1)) == 1  # and has the slot for a quarter of an hour
    enqueue_many([jobs.typed.call(at=datetime.now(UTC)) for _ in range(5)])
    for held, punctual in enumerate((publish_due, check_health)):
        job_id = punctual.enqueue()
        assert [job.job_id for job in claim(queue=punctual.queue, cap=held + 1)] == [job_id]


def test_jobs_that_were_not_begun_go_back_and_cost_no_attempt() -> None:
    jobs.typed.enqueue(at=datetime.now(UTC))
    (job,) = claim()
    settle(end(job, "waiting"))
    assert claim()[0].attempt == 1


# Retention


def test_ended_jobs_are_trimmed_by_number_while_the_counts_go_on() -> None:
    enqueue_many([jobs.typed.call(at=datetime.now(UTC)) for _ in range(150)])
    settle(*[end(job) for job in claim(150, cap=999)])
    row = next(row for row in stats() if row["name"] == QUEUE)
    assert (row["completed"], row["retained"]["completed"]) == (150, 100)
    assert len(_keys("q:job:*")) == 100


def test_ended_jobs_are_trimmed_by_age_on_an_idle_queue() -> None:
    jobs.typed.enqueue(at=datetime.now(UTC))
    settle(end(*claim()))
    key = redis.key("q", QUEUE, "completed")
    (member,) = redis.client("queue").zrange(key, 0, -1)
    redis.client("queue").zadd(key, {member: 1})
    ledger.sweep()
    assert _keys("q:job:*") == []


def test_dead_jobs_are_never_trimmed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ledger.KEPT, "failed", (0, 0))
    monkeypatch.setitem(ledger.KEPT, "completed", (0, 0))
    jobs.typed.enqueue(at=datetime.now(UTC))
    settle(end(*claim(), "dead", "why"))
    ledger.sweep()
    assert count() == {"dead": 1}


# Bells


def test_one_bell_is_rung_until_it_is_answered(no_bells: list[str]) -> None:
    jobs.typed.enqueue(at=datetime.now(UTC))
    jobs.typed.enqueue(at=datetime.now(UTC))
    assert no_bells == [QUEUE]
    ask = Ask(1, 9, "1", answers_bell=True)
    ledger.exchange(queue=QUEUE, holder="w/1#1", ask=ask)
    assert no_bells == [QUEUE] * 2  # for the other one


def test_a_lost_bell_is_rung_again(no_bells: list[str], settings) -> None:
    jobs.typed.enqueue(at=datetime.now(UTC))
    ledger.sweep()
    assert no_bells == [QUEUE]
    wait_until(lambda: ledger.sweep() or no_bells == [QUEUE] * 2)


def test_who_lingers_is_woken_without_a_bell(no_bells: list[str]) -> None:
    ask = Ask(1, 9, "1", answers_bell=True, linger_seconds=5)
    ledger.exchange(queue=QUEUE, holder="w/1#1", ask=ask)
    woken = threading.Thread(
        target=lambda: redis.client("queue").blpop([redis.key("q", QUEUE, "wake")], timeout=5)
    )
    woken.start()
    jobs.typed.enqueue(at=datetime.now(UTC))
    woken.join(2)
    assert not woken.is_alive()
    assert no_bells == []


def test_who_leaves_rings_on(no_bells: list[str]) -> None:
    jobs.typed.enqueue(at=datetime.now(UTC))
    ledger.exchange(queue=QUEUE, holder="w/1#1", ask=None)
    assert no_bells == [QUEUE] * 2


def test_what_was_evicted_harms_no_other() -> None:
    """By a server that is set so although it must not be: the others go on."""
    held, late = (jobs.typed.enqueue(at=datetime.now(UTC), delay=d) for d in (0, 0.01))
    claim()
    logs = [jobs.exclusive.enqueue(trace="-", kind="logs") for _ in range(3)]
    (running,) = claim(3, queue="cleanup")
    client = redis.client("queue")
    client.delete(*(redis.key("q", "job", job_id) for job_id in (held, late, logs[1])))
    good = jobs.typed.enqueue(at=datetime.now(UTC), delay=0.02)
    wait_until(lambda: ledger.promote() or get_job(good).state == "waiting")
    expire()
    assert ledger.sweep() == []
    assert count() == {"waiting": 1}
    settle(end(running), queue="cleanup")
    assert [job.job_id for job in claim(queue="cleanup")] == [logs[2]]


# At the desk


def test_a_paused_queue_gives_nothing_until_it_is_resumed(no_bells: list[str]) -> None:
    desk.pause_queue(QUEUE)
    jobs.typed.enqueue(at=datetime.now(UTC))
    assert claim() == []
    ledger.sweep()
    assert no_bells == []
    assert next(row for row in stats() if row["name"] == QUEUE)["paused"]
    desk.resume_queue(QUEUE)
    assert no_bells == [QUEUE]
    assert len(claim()) == 1


def test_a_ledger_that_lost_its_memory_gets_pauses_and_jobs_back() -> None:
    mend_losses()
    for queue in (QUEUE, "email"):
        desk.pause_queue(queue)
    desk.resume_queue("email")
    job_id = _write()
    outbox.OutboxRow._get_collection().update_many({}, {"$set": {"tries": 5}})
    for lose in (_forget_everything, _start_anew):
        lose()
        mend_losses()
        assert [row["name"] for row in stats() if row["paused"]] == [QUEUE]
        assert outbox.relay_once() == 1
        assert get_job(job_id).state == "waiting"
        mend_losses()
        assert outbox.relay_once() == 0


@unit_of_work
def _write() -> str:
    call = jobs.typed.call(at=datetime.now(UTC))
    return outbox.add(kind=call.kind, payload=call.payload, row_id=call.row_id)


def _start_anew() -> None:
    redis.client("queue").set(redis.key("q", "server"), "the one before")


def test_cancelling_ends_what_waits_and_tells_what_runs() -> None:
    waiting = jobs.typed.enqueue(at=datetime.now(UTC), priority=Priority.LOW)
    delayed = jobs.typed.enqueue(at=datetime.now(UTC), delay=60)
    running = jobs.typed.enqueue(at=datetime.now(UTC))
    (job,) = claim()
    assert [desk.cancel_job(i) for i in (waiting, delayed, running)] == [
        "waiting",
        "delayed",
        "active",
    ]
    assert count() == {"active": 1, "failed": 2}
    assert ledger.heartbeat([(QUEUE, running, job.token)]) == ([], [running])
    settle(end(job, "delayed", "Cancelled", 1000))
    assert count() == {"failed": 3}
    with pytest.raises(desk.NotPossible, match="is failed"):
        desk.cancel_job(waiting)
    with pytest.raises(JobNotFound):
        desk.cancel_job("nobody")


def test_a_parked_job_can_be_cancelled() -> None:
    first = jobs.exclusive.enqueue(trace="-", kind="logs")
    second = jobs.exclusive.enqueue(trace="-", kind="logs")
    claim(2, queue="cleanup")
    desk.cancel_job(second)
    assert count("cleanup") == {"active": 1, "failed": 1}
    assert get_job(first).state == "active"


def test_a_dead_job_is_retried_as_if_it_were_new_or_discarded() -> None:
    ids = [jobs.typed.enqueue(at=datetime.now(UTC)) for _ in range(2)]
    settle(*[end(job, "dead", "why") for job in claim(2)])
    assert [record.id for record in list_jobs(queue=QUEUE, state="dead")] != []
    desk.retry_job(ids[0])
    (job,) = claim()
    assert (job.job_id, job.attempt) == (ids[0], 1)
    desk.discard_job(ids[1])
    assert count() == {"active": 1, "failed": 1}
    with pytest.raises(desk.NotPossible):
        desk.discard_job(ids[1])


def test_all_dead_jobs_of_a_queue_can_be_retried_at_once_and_none_twice() -> None:
    enqueue_many([jobs.typed.call(at=datetime.now(UTC)) for _ in range(700)])
    settle(*[end(job, "dead", "why") for job in claim(700, cap=999)])
    first = list_jobs(queue=QUEUE, state="dead", limit=1)[0].id

    def retry(job_id: str) -> str:
        state = desk.retry_job(job_id)
        if job_id == first:
            settle(*[end(job, "dead") for job in claim(700, cap=999) if job.job_id == first])
        return state

    assert desk.act_on_all(queue=QUEUE, state="dead", action=retry) == 700
    assert count()["dead"] == 1


def test_a_dead_job_does_not_come_back_beside_one_that_does_the_same() -> None:
    old = jobs.unique.enqueue(text="a")
    settle(end(*claim(), "dead", "why"))
    new = jobs.unique.enqueue(text="a")
    with pytest.raises(desk.NotPossible, match=f"Job {new}, which does the same, is waiting"):
        desk.retry_job(old)
    assert count() == {"waiting": 1, "dead": 1}
    settle(end(*claim()))
    desk.retry_job(old)
    assert jobs.unique.enqueue(text="a") == old


def test_what_is_cancelled_before_it_began_says_so() -> None:
    job_id = jobs.typed.enqueue(at=datetime.now(UTC))
    (job,) = claim()
    desk.cancel_job(job_id)
    settle(end(job, "waiting", ""))
    assert (get_job(job_id).state, get_job(job_id).error) == ("failed", "cancelled")


def test_a_record_shows_all_that_is_known_of_a_job() -> None:
    job_id = jobs.typed.enqueue(at=datetime(2026, 1, 1, tzinfo=UTC), count=2, slot="noon")
    (job,) = claim()
    assert ledger.report(job_id, token=job.token, done=3, total=4) == (False, False)
    record = get_job(job_id)
    assert (record.name, record.queue, record.state) == ("test.typed", QUEUE, "active")
    assert record.args == {"at": "2026-01-01T00:00:00Z", "count": 2, "note": None}
    assert (record.progress, record.slot, record.attempt) == ("3/4", "noon", 1)


def test_every_step_is_an_event() -> None:
    job_id = jobs.typed.enqueue(job_id='two "words"', at=datetime.now(UTC))
    settle(end(*claim(), "delayed", "why", 0))
    ledger.promote()
    settle(end(*claim()))
    events = [(event.event, event.job_ids) for event in read_events()]
    steps = ("enqueued", "active", "delayed", "waiting", "active", "completed")
    assert events == [(step, [job_id]) for step in steps]


def test_stats_tell_the_age_of_the_oldest_and_how_long_jobs_run() -> None:
    jobs.typed.enqueue(at=datetime.now(UTC))
    wait_until(lambda: _row()["oldest_age"] > 0.02)
    settle(end(*claim()))
    assert 0 < _row()["run_time"]["p50"] < 1


def test_the_oldest_is_as_old_as_it_waits_and_not_as_the_job_is() -> None:
    job_id = jobs.typed.enqueue(at=datetime.now(UTC))
    redis.client("queue").hset(redis.key("q", "job", job_id), "at", 1)
    assert _row()["oldest_age"] > 60
    settle(end(*claim(), "delayed", "why"))
    wait_until(lambda: ledger.promote() or count() == {"waiting": 1})
    assert _row()["oldest_age"] < 60
    redis.client("queue").hset(redis.key("q", "job", job_id), "since", 1)
    claim()
    expire()
    ledger.sweep()
    assert _row()["oldest_age"] < 60
    redis.client("queue").hset(redis.key("q", "job", job_id), "since", 1)
    settle(end(*claim(), "dead", "why"))
    desk.retry_job(job_id)
    assert _row()["oldest_age"] < 60
    redis.client("queue").hset(redis.key("q", "job", job_id), "since", 1)
    settle(end(*claim(), "waiting"))
    assert _row()["oldest_age"] > 60  # nobody has begun it


def test_all_queues_are_counted_in_one_call() -> None:
    assert [row["name"] for row in stats()] == list(QUEUES)


# The limit


def test_never_more_than_a_hundred_effects_in_any_window(settings) -> None:
    settings.TIME_SCALE = 0.02  # a window of 1.2 s
    enqueue_many([jobs.limited.call(trace="-", text=str(n)) for n in range(130)])
    held = claim(130, queue="email", cap=999)
    assert _permitted(held[:1]) == []  # nobody knows what was sent before this ledger was made
    sent = wait_until(lambda: len(_permitted(held)) == 100 and _permitted(held))
    assert claim(1, queue="email") == []  # not before the next may run
    settle(*[end(job) for job in sent], queue="email")
    rest = [job for job in held if job not in sent]
    assert _permitted(rest) == []
    wait_until(lambda: len(_permitted(rest)) == 30)
    settle(end(rest[0], "delayed", "why"), queue="email")
    held = _permits()
    (again,) = wait_until(lambda: ledger.promote() or claim(queue="email"))
    settle(end(again, "waiting"), queue="email")
    assert _permits() == held  # an attempt without a permit leaves none behind


def _permits() -> list[tuple[bytes, float]]:
    key = redis.key("q", "email", "permits")
    return redis.client("queue").zrange(key, 0, -1, withscores=True)


@pytest.mark.django_db
def test_who_is_refused_a_permit_waits_and_this_was_no_attempt() -> None:
    from storychain.queues.execution import perform
    from storychain.queues.running import Run

    jobs.limited.enqueue(trace="-", text="")
    (job,) = claim(queue="email")
    outcome = perform(Run(queue="email", claimed=job))
    assert outcome.state == "waiting"
    settle(outcome, queue="email")
    assert count("email") == {"waiting": 1}


def _permitted(held: list[Claimed]) -> list[Claimed]:
    return [
        job for job in held if not ledger.take_permit("email", job_id=job.job_id, token=job.token)
    ]


def _row(queue: str = QUEUE) -> dict:
    return next(row for row in stats() if row["name"] == queue)


def _spec() -> Spec:
    import msgspec

    return Spec(name="test.typed", args=msgspec.Raw(b"{}"), attempts=3, level=2)


def _keys(pattern: str) -> list[bytes]:
    return redis.client("queue").keys(redis.key(pattern))


def _forget_everything() -> None:
    for name in _keys("*"):
        redis.client("queue").delete(name)


def test_a_server_that_was_away_gives_all_time_to_renew(settings) -> None:
    jobs.typed.enqueue(at=datetime.now(UTC))
    (job,) = claim()
    ledger.sweep()
    away = settings.QUEUE_HEARTBEAT_SECONDS * 1000 + 1000
    key = redis.key("q", "swept")
    client = redis.client("queue")
    client.set(key, int(client.get(key)) - round(away))
    expire()
    ledger.sweep()
    assert settle(end(job)) == []


@pytest.mark.parametrize(
    ("said", "raised"),
    [("MISCONF Errors writing to the AOF file", LedgerAway), ("ERR no such key", ResponseError)],
)
def test_a_disk_that_is_full_is_an_outage_and_a_defect_is_not(
    said: str, raised: type[Exception]
) -> None:
    """The server's answer is made here: a full disk cannot be had for a test."""
    with pytest.raises(raised), asking_ledger():
        raise ResponseError(said)
