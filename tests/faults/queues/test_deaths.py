"""Workers that die, stand still and are replaced: nothing is lost, no effect is made twice."""

from __future__ import annotations

import os
import signal
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from config.celery import app
from storychain import outbox, redis
from storychain.queues import ledger
from storychain.queues.deadletters import DeadLetter, list_dead_letters, replay
from storychain.queues.jobs import enqueue_many
from storychain.queues.records import get_job
from storychain.queues.wire import Entry, Spec
from tests.queueing import jobs
from tests.queueing.counting import count_all, effects, lines, row, runs
from tests.queueing.dying import die_between_commit_and_push
from tests.queueing.sizes import PATIENCE, sized
from tests.queueing.workers import HEAVY, IO, Crew, wait_until


def test_a_worker_killed_in_the_middle_of_a_batch_loses_and_doubles_nothing(
    crew: Crew, folder: Path
) -> None:
    victim = crew.start(IO)
    calls = [jobs.leave_once.call(trace=str(folder), text=str(n), seconds=0.02) for n in range(300)]
    enqueue_many(calls)
    wait_until(lambda: len(effects(folder)) > 50)
    victim.kill()
    killed_at = time.monotonic()
    crew.start(IO)
    wait_until(lambda: row("notification")["completed"] == 300, seconds=30)
    assert time.monotonic() - killed_at < 20 * PATIENCE
    assert effects(folder) == {str(n) for n in range(300)}
    assert len(runs(folder)) <= 300 + 5  # those in hands when it died ran again


def test_a_child_that_is_killed_costs_its_job_an_attempt_and_its_neighbours_nothing(
    crew: Crew, trace: str, settings
) -> None:
    # Four leases have to end one after the other, and an export's is the longest.
    pace = {"TIME_SCALE": str(settings.TIME_SCALE / 2)}
    crew.start(HEAVY, STORYCHAIN_PROFILE="production-medium", **pace)
    job_id = jobs.export.enqueue(trace=trace, text="book", seconds=1)
    (line,) = wait_until(lambda: lines(f"{trace}.started"))
    os.kill(int(line.split()[1]), signal.SIGKILL)
    wait_until(lambda: get_job(job_id).state == "completed", seconds=30)
    assert lines(trace) == ["book"]
    assert get_job(job_id).attempt == 2

    # What a broker does whose visibility timeout is shorter than a job: it rings again.
    job_id = jobs.export.enqueue(trace=f"{trace}.long", text="long", seconds=1)
    wait_until(lambda: lines(f"{trace}.long.started"))
    for _ in range(10):
        app.send_task("storychain.bell", args=("export",), queue="export")
    wait_until(lambda: get_job(job_id).state == "completed")
    assert len(lines(f"{trace}.long.started")) == 1
    assert get_job(job_id).attempt == 1

    # A poison job kills its child each time, three times.
    poison = jobs.poison.enqueue(trace=f"{trace}.poison")
    good = [jobs.export.enqueue(trace=f"{trace}.good", text=str(n)) for n in range(5)]
    wait_until(lambda: all(get_job(i).state == "completed" for i in good), seconds=60)
    wait_until(lambda: get_job(poison).state == "dead", seconds=60)
    assert len(lines(f"{trace}.poison")) == 3
    assert sorted(lines(f"{trace}.good")) == ["0", "1", "2", "3", "4"]


def test_a_worker_that_stood_still_finds_its_jobs_in_other_hands(
    crew: Crew, trace: str, folder: Path
) -> None:
    """It holds a single job, and a batch; while the other one starts, its leases end."""
    zombie = crew.start(IO)
    jobs.leave_late.enqueue(trace=trace, text="once", seconds=0.5)
    enqueue_many(jobs.mark.call(folder=str(folder), text=str(n), ill="slow") for n in range(100))
    wait_until(lambda: lines(f"{trace}.started") and effects(folder))
    zombie.send(signal.SIGSTOP)
    held = {"notification": 1, "analytics": 100}
    assert {queue: row(queue)["active"] for queue in held} == held
    crew.start(IO)
    for queue, count in held.items():
        wait_until(lambda q=queue, n=count: row(q)["completed"] == n, seconds=30)
    zombie.send(signal.SIGCONT)
    for queue in held:
        said = f"{queue}: in other hands when they ended"
        wait_until(lambda said=said: said in zombie.log.read_text())
    assert lines(trace) == ["once"]
    assert effects(folder) == {str(n) for n in range(100)}
    assert {queue: row(queue)["completed"] for queue in held} == held


def test_a_job_may_take_longer_than_its_lease_and_holds_up_no_neighbour(
    crew: Crew, trace: str, settings
) -> None:
    """Not even one that runs on when the bell's time is long over."""
    crew.start(IO)
    seconds = 2 * settings.QUEUE_DRAIN_SECONDS
    soon = settings.QUEUE_DRAIN_SECONDS / 1.5  # shorter than the rest of the slow one's time
    slow = jobs.leave_late.enqueue(trace=trace, text="slow", seconds=seconds)
    wait_until(lambda: lines(f"{trace}.started"))
    while get_job(slow).state == "active":
        neighbour = jobs.leave_trace.enqueue(trace=f"{trace}.neighbours", text="-")
        wait_until(lambda job_id=neighbour: get_job(job_id).state == "completed", seconds=soon)
    wait_until(lambda: get_job(slow).state == "completed", seconds=20)
    assert lines(f"{trace}.started") == ["slow"]


def test_deploys_under_load_cost_nothing(crew: Crew, folder: Path) -> None:
    total = 0
    old = crew.start(IO)
    for round_ in range(sized(20, suite=3)):
        calls = [
            jobs.leave_once.call(trace=str(folder), text=f"{round_}-{n}", seconds=0.01)
            for n in range(200)
        ]
        enqueue_many(calls)
        total += len(calls)
        new = crew.start(IO)
        assert old.stop() == 0
        old = new
    wait_until(lambda: row("notification")["completed"] == total, seconds=30)
    assert len(runs(folder)) == total  # not one ran twice


def test_a_bell_or_a_push_that_dies_with_its_process_is_made_again(crew: Crew, trace: str) -> None:
    job_id = jobs.leave_trace.enqueue(trace=trace, text="heard")
    # What a worker leaves that dies between BRPOP and its own record of it: nothing.
    client = redis.client("queue")
    bells = client.keys(redis.key("celery:notification"))
    assert client.delete(*bells) == 1
    # What a writer leaves that dies between its commit and the push: a row.
    assert die_between_commit_and_push(trace=trace, text="committed") == -signal.SIGKILL
    assert (outbox.depth()["rows"], count_all()) == (1, 1)
    crew.start(IO)
    wait_until(lambda: get_job(job_id).state == "completed")
    wait_until(lambda: outbox.relay_once() == 1)
    wait_until(lambda: outbox.depth()["rows"] == 0)
    assert lines(trace) == ["heard", "committed"]


def test_a_job_that_dies_after_its_effect_has_it_once(crew: Crew, folder: Path) -> None:
    victim = crew.start(IO)
    jobs.leave_once.enqueue(trace=str(folder), text="mail")
    jobs.leave_late.enqueue(trace=f"{folder}.late", text="-", seconds=3)
    wait_until(lambda: lines(f"{folder}.late.started"))
    job_id = jobs.leave_then_hang.enqueue(trace=str(folder), text="effect", seconds=60)
    wait_until(lambda: "effect" in effects(folder))
    victim.kill()
    crew.start(IO)
    wait_until(lambda: get_job(job_id).attempt == 2, seconds=20)
    assert effects(folder) == {"mail", "effect"}


def test_delayed_jobs_outlive_all_workers(crew: Crew, trace: str) -> None:
    worker = crew.start(IO)
    job_id = jobs.leave_trace.enqueue(trace=trace, text="later", delay=3)
    assert worker.stop() == 0
    assert get_job(job_id).state == "delayed"
    crew.start(IO)
    wait_until(lambda: get_job(job_id).state == "completed")
    assert lines(trace) == ["later"]


def test_nonsense_on_the_wire_or_in_the_ledger_stops_no_worker(crew: Crew, trace: str) -> None:
    worker = crew.start(IO)
    nonsense = {"application/json": b"{not json", "application/x-python-serialize": b"\x80\x04"}
    with app.producer_or_acquire() as producer:
        for kind, body in nonsense.items():
            producer.publish(
                body, routing_key="notification", content_type=kind, content_encoding="utf-8"
            )
        producer.publish({"no": "task"}, routing_key="notification")
    app.send_task("storychain.bell", args=("no-such-queue",), queue="notification")
    app.send_task("no.such.task", queue="notification")
    job_id = jobs.leave_trace.enqueue(trace=trace, text="still here")
    wait_until(lambda: get_job(job_id).state == "completed")

    # What nobody can run dies, and can be replayed.
    entries = [
        Entry("unknown", "notification", _spec("test.unheard_of", b"{}")),
        Entry("unfit", "notification", _spec("test.leave", b'{"trace": 1}')),
        Entry("garbled", "notification", _spec("test.leave", b'{"trace":"\\ud800"}')),
    ]
    ledger.enqueue(entries)
    good = jobs.typed.enqueue(at=datetime.now(UTC))
    wait_until(lambda: get_job(good).state == "completed")
    wait_until(lambda: DeadLetter.objects.count() == 3)
    names = {"test.unheard_of", "test.leave", "(unreadable)"}
    assert {letter.name for letter in list_dead_letters()} == names
    replay("unknown")
    wait_until(lambda: DeadLetter.objects(job_id="unknown", status="dead").first())
    assert worker.process.poll() is None


def _spec(name: str, args: bytes) -> Spec:
    return Spec(name=name, args=msgspec.Raw(args), attempts=3, level=2)
