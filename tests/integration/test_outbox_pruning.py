"""What is left behind in the outbox goes: rows of ended jobs, and rows that nobody can take."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from storychain import outbox
from storychain.documents import ensure_indexes, unit_of_work
from storychain.queues.deadletters import list_dead_letters
from storychain.queues.models import JobRun
from storychain.queues.pruning import prune_outbox

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)
HOURS, DAYS = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def indexes(fresh_names: str) -> None:
    ensure_indexes()


@unit_of_work
def leave_row(row_id: str, *, job: str = "maintenance.check_health", age: timedelta) -> None:
    """A row that was not taken when it was written."""
    outbox.add(kind="job", payload={"job": job, "args": {"n": 1}, "priority": 2}, row_id=row_id)
    rows = outbox.OutboxRow._get_collection()
    rows.update_one({"_id": row_id}, {"$set": {"created_at": NOW - age}})


def end_run(job_id: str, *, outcome: str = "completed") -> None:
    JobRun.objects.create(
        token=JobRun.objects.count() + 1,
        job_id=job_id,
        name="x",
        queue="cleanup",
        attempt=1,
        started_at=NOW,
        duration=1,
        outcome=outcome,
    )


def left() -> set[str]:
    return {row.row_id for row in outbox.OutboxRow.objects()}


def test_rows_of_completed_jobs_go_and_all_others_stay() -> None:
    for row_id in ("done", "failed", "unknown"):
        leave_row(row_id, age=3 * HOURS)
    leave_row("young", age=HOURS / 2)
    for row_id in ("done", "young"):
        end_run(row_id)
    end_run("failed", outcome="dead")
    assert prune_outbox(now=NOW) == 1
    assert left() == {"failed", "unknown", "young"}
    assert prune_outbox(now=NOW) == 0


def test_what_no_code_takes_for_a_week_becomes_a_dead_letter() -> None:
    leave_row("ghost", job="tests.gone", age=8 * DAYS)
    leave_row("hope", job="tests.gone", age=6 * DAYS)
    leave_row("slow", age=8 * DAYS)
    assert prune_outbox(now=NOW) == 1
    assert left() == {"hope", "slow"}
    (letter,) = list_dead_letters()
    assert (letter.job_id, letter.name, letter.args) == ("ghost", "tests.gone", '{"n":1}')


def test_what_is_young_is_not_even_read_however_much_it_is() -> None:
    illegible = {"kind": "job", "payload": "not JSON", "created_at": NOW, "next_at": NOW}
    outbox.OutboxRow._get_collection().insert_one({"_id": "young"} | illegible)
    leave_row("old", age=2 * HOURS)
    end_run("old")
    assert prune_outbox(now=NOW) == 1


def test_many_rows_go_batch_by_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storychain.queues.pruning.BATCH", 2)
    for n in range(5):
        leave_row(f"r{n}", age=2 * HOURS)
        end_run(f"r{n}")
    assert prune_outbox(now=NOW) == 5
    assert left() == set()
