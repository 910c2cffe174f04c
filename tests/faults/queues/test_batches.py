"""Batched jobs, in real workers: many go in one call, and each is a job like any other."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from storychain.queues.deadletters import replay
from storychain.queues.desk import cancel_job, pause_queue, resume_queue
from storychain.queues.jobs import JobCall, enqueue_many
from storychain.queues.records import get_job, list_jobs
from storychain.queues.stats import stats
from tests.queueing import jobs
from tests.queueing.workers import IO, Crew, wait_until

SLOTS = 10


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where `mark` makes a file for each run that had its effect."""
    made = tmp_path / "effects"
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


def test_many_go_in_few_calls_and_each_is_counted(crew: Crew, folder: Path) -> None:
    enqueue_many(marks(folder, 1000))
    crew.start(IO)
    wait_until(lambda: row()["completed"] == 1000)
    assert sorted(lines(folder, "runs"), key=int) == [str(n) for n in range(1000)]
    assert len(lines(folder, "calls")) < 1000 / SLOTS
    assert int(list_jobs(queue="analytics", state="completed")[0].result) > SLOTS
    assert row()["active"] == 0


def test_few_that_come_one_by_one_wait_for_company(crew: Crew, folder: Path) -> None:
    crew.start(IO)
    jobs.mark.enqueue(folder=str(folder), text="first")
    jobs.mark.enqueue(folder=str(folder), text="second")
    wait_until(lambda: row()["completed"] == 2)
    assert lines(folder, "calls") == ["2"]


def test_others_of_the_queue_keep_to_their_slots(crew: Crew, folder: Path) -> None:
    others = [jobs.nothing.call(n=n) for n in range(300)]
    mixed = [call for pair in zip(others, marks(folder, 300), strict=True) for call in pair]
    enqueue_many(mixed)
    crew.start(IO)
    wait_until(lambda: row()["completed"] == 600)
    assert len(effects(folder)) == 300


def test_one_that_is_ill_is_found_and_its_neighbours_are_done(crew: Crew, folder: Path) -> None:
    ill = jobs.mark.call(folder=str(folder), text="ill", ill="permanent")
    calls = marks(folder, 1000)
    enqueue_many([*calls[:700], ill, *calls[700:]])
    crew.start(IO)
    wait_until(lambda: row()["completed"] == 1000)
    wait_until(lambda: row()["dead"] == 1)
    assert get_job(ill.row_id).state == "dead"
    assert get_job(ill.row_id).attempt == 1
    assert effects(folder) == {str(n) for n in range(1000)}
    assert len(lines(folder, "runs")) == 1000


def test_a_payload_that_nobody_can_read_harms_itself_alone(crew: Crew, folder: Path) -> None:
    import msgspec

    from storychain.queues import ledger
    from storychain.queues.wire import Entry, Spec

    spec = Spec(name="test.mark", args=msgspec.Raw(b'{"folder":1}'), attempts=3, level=2)
    ledger.enqueue([Entry("unfit", "analytics", spec)])
    enqueue_many(marks(folder, 20))
    crew.start(IO)
    wait_until(lambda: row()["completed"] == 20)
    wait_until(lambda: get_job("unfit").state == "dead")


def test_while_a_server_is_away_all_wait_and_none_is_tried_alone(crew: Crew, folder: Path) -> None:
    enqueue_many(marks(folder, 100, ill="away"))
    crew.start(IO)
    wait_until(lambda: lines(folder, "calls"))
    Path(f"{folder}.back").touch()
    wait_until(lambda: row()["completed"] == 100)
    assert len(lines(folder, "runs")) == 100
    assert "1" not in lines(folder, "calls")


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


def test_one_that_stood_still_has_its_batch_refused(crew: Crew, folder: Path) -> None:
    zombie = crew.start(IO)
    enqueue_many(marks(folder, 100, ill="slow"))
    wait_until(lambda: effects(folder))
    zombie.send(signal.SIGSTOP)
    crew.start(IO)
    wait_until(lambda: row()["completed"] == 100)
    zombie.send(signal.SIGCONT)
    wait_until(lambda: "in other hands when they ended" in zombie.log.read_text())
    assert row()["completed"] == 100
    assert effects(folder) == {str(n) for n in range(100)}


def test_they_obey_pause_and_cancel_and_can_be_replayed(crew: Crew, folder: Path) -> None:
    pause_queue("analytics")
    crew.start(IO)
    kept, dropped, ill = enqueue_many(
        [*marks(folder, 2), jobs.mark.call(folder=str(folder), text="ill", ill="permanent")]
    )
    cancel_job(dropped)
    resume_queue("analytics")
    wait_until(lambda: get_job(kept).state == "completed")
    assert get_job(dropped).state == "failed"
    wait_until(lambda: row()["dead"] == 1)
    assert effects(folder) == {"0"}
    from storychain.queues.deadletters import DeadLetter

    wait_until(lambda: DeadLetter.objects(job_id=ill).first())
    replay(ill)
    wait_until(lambda: get_job(ill).attempt == 1 and get_job(ill).state == "dead")
