"""Batched jobs, in real workers: many go in one call, and each is a job like any other."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from storychain.queues import ledger
from storychain.queues.deadletters import DeadLetter, replay
from storychain.queues.desk import cancel_job, pause_queue, resume_queue
from storychain.queues.jobs import JobCall, enqueue_many
from storychain.queues.records import get_job, list_jobs
from storychain.queues.stats import stats
from storychain.queues.wire import Entry, Spec
from tests.queueing import jobs
from tests.queueing.workers import IO, Crew, wait_until

SLOTS = 10


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where `mark` makes a file for each run that had its effect."""
    return make_folder(tmp_path, "effects")


def make_folder(place: Path, name: str) -> Path:
    made = place / name
    made.mkdir()
    return made


def row() -> dict:
    return next(row for row in stats() if row["name"] == "analytics")


def lines(folder: Path, kind: str) -> list[str]:
    path = Path(f"{folder}.{kind}")
    return path.read_text().splitlines() if path.exists() else []


def effects(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def marks(folder: Path, count: int, *, ill: str = "") -> list[JobCall]:
    return [jobs.mark.call(folder=str(folder), text=str(n), ill=ill) for n in range(count)]


def test_many_go_in_few_calls_and_others_of_the_queue_keep_to_their_slots(
    crew: Crew, tmp_path: Path
) -> None:
    many, few, mixed, away = (
        make_folder(tmp_path, name) for name in ("many", "few", "mixed", "away")
    )
    enqueue_many(marks(many, 1000))
    crew.start(IO)
    wait_until(lambda: row()["completed"] == 1000)
    assert sorted(lines(many, "runs"), key=int) == [str(n) for n in range(1000)]
    assert len(lines(many, "calls")) < 1000 / SLOTS
    assert int(list_jobs(queue="analytics", state="completed")[0].result) > SLOTS
    assert row()["active"] == 0

    # Few that come one by one wait for company.
    jobs.mark.enqueue(folder=str(few), text="first")
    jobs.mark.enqueue(folder=str(few), text="second")
    wait_until(lambda: row()["completed"] == 1002)
    assert lines(few, "calls") == ["2"]

    others = [jobs.nothing.call(n=n) for n in range(300)]
    enqueue_many(call for pair in zip(others, marks(mixed, 300), strict=True) for call in pair)
    wait_until(lambda: row()["completed"] == 1602)
    assert len(effects(mixed)) == 300

    # While a server is away all wait, and none is tried alone.
    enqueue_many(marks(away, 100, ill="away"))
    wait_until(lambda: lines(away, "calls"))
    Path(f"{away}.back").touch()
    wait_until(lambda: row()["completed"] == 1702)
    assert len(lines(away, "runs")) == 100
    assert "1" not in lines(away, "calls")


def test_one_that_is_ill_is_found_and_its_neighbours_are_done(crew: Crew, tmp_path: Path) -> None:
    first, second, third = (make_folder(tmp_path, name) for name in ("first", "second", "third"))
    ill = jobs.mark.call(folder=str(first), text="ill", ill="permanent")
    calls = marks(first, 1000)
    enqueue_many([*calls[:700], ill, *calls[700:]])
    crew.start(IO)
    wait_until(lambda: row()["completed"] == 1000)
    wait_until(lambda: row()["dead"] == 1)
    assert (get_job(ill.row_id).state, get_job(ill.row_id).attempt) == ("dead", 1)
    assert effects(first) == {str(n) for n in range(1000)}
    assert len(lines(first, "runs")) == 1000

    # One whose payload nobody can read harms itself alone.
    spec = Spec(name="test.mark", args=msgspec.Raw(b'{"folder":1}'), attempts=3, level=2)
    ledger.enqueue([Entry("unfit", "analytics", spec)])
    enqueue_many(marks(second, 20))
    wait_until(lambda: row()["completed"] == 1020)
    wait_until(lambda: get_job("unfit").state == "dead")

    # They obey pause and cancel, and can be replayed.
    pause_queue("analytics")
    kept, dropped = enqueue_many(marks(third, 2))
    cancel_job(dropped)
    resume_queue("analytics")
    wait_until(lambda: get_job(kept).state == "completed")
    assert (get_job(dropped).state, effects(third)) == ("failed", {"0"})
    wait_until(lambda: DeadLetter.objects(job_id=ill.row_id).first())
    replay(ill.row_id)
    wait_until(lambda: DeadLetter.objects(job_id=ill.row_id, status="dead").first())
    assert (get_job(ill.row_id).state, get_job(ill.row_id).attempt) == ("dead", 1)


def test_a_worker_killed_in_mid_batch_loses_none_and_doubles_no_effect(
    crew: Crew, folder: Path
) -> None:
    victim = crew.start(IO)
    enqueue_many(marks(folder, 500, ill="slow"))
    wait_until(lambda: len(effects(folder)) > 120)
    victim.kill()
    crew.start(IO)
    wait_until(lambda: row()["completed"] == 500)
    assert effects(folder) == {str(n) for n in range(500)}


def test_a_worker_that_is_told_to_stop_finishes_its_batch_and_leaves_the_rest(
    crew: Crew, folder: Path
) -> None:
    old = crew.start(IO)
    enqueue_many(marks(folder, 3000, ill="slow"))
    wait_until(lambda: len(effects(folder)) > 20)
    assert old.stop() == 0
    assert 0 < row()["completed"] < 3000
    assert row()["active"] == 0
    crew.start(IO)
    wait_until(lambda: row()["completed"] == 3000)
    assert len(lines(folder, "runs")) == 3000
