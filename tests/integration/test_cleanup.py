"""Clean-up: what is old goes, step by step; what is not stays, however late the job runs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.utils import timezone

from apps.chapters import cleanup as drafts
from apps.chapters.autosaves import ChapterAutosave
from apps.maintenance import services
from apps.maintenance.jobs import clean
from apps.maintenance.models import HealthCheck
from apps.notifications.documents import Notification
from apps.users.documents import Session
from storychain import cleaning
from storychain.cleaning import OldDocuments, Place
from storychain.queues.desk import cancel_job
from storychain.queues.models import JobRun
from storychain.queues.payloads import BadPayload
from storychain.queues.records import get_job
from storychain.schedules.declarations import list_declarations
from tests.factories import sign_in, unique
from tests.queueing.here import attempt, run

pytestmark = pytest.mark.django_db(transaction=True)
DUE = datetime(2026, 2, 9, 3, 3, tzinfo=UTC)
SLOT = f"{DUE:%Y-%m-%dT%H:%M:%SZ}"
A_MOMENT = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def no_rules() -> Iterator[None]:
    before = list(drafts._rules)
    yield
    drafts._rules[:] = before


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists of four, in steps of two."""
    monkeypatch.setattr(cleaning, "LISTED", 4)
    monkeypatch.setattr(services, "STEP", 2)


def draft(*, days: float, user_id: str = "", **more: Any) -> ChapterAutosave:
    at = DUE - timedelta(days=days)
    user_id = user_id or unique("writer")
    values = {"story_slug": "s", "kind": "root_chapter", "last_saved_at": at, **more}
    return ChapterAutosave(user_id=user_id, **values).save(force_insert=True)


def notice(*, days: float, is_read: bool = True, user_id: str = "u") -> Notification:
    return Notification.keep(
        dedupe_key=unique("cause"),
        user_id=user_id,
        type="mention",
        title="T",
        message="M",
        is_read=is_read,
        created_at=DUE - timedelta(days=days),
    )


def session(status: str, *, seen: float, ends: float) -> str:
    return (
        Session(
            session_id=unique("sess"),
            user_id="u",
            status=status,
            created_at=DUE - timedelta(days=30),
            last_active_at=DUE - timedelta(days=seen),
            expire_at=DUE - timedelta(days=ends),
        )
        .save(force_insert=True)
        .session_id
    )


def cleaned(kind: str, days: int, **more: Any) -> int:
    """Run a clean-up for the slot DUE; return its deletedCount."""
    job_id = clean.enqueue(type=kind, olderThan=days, slot=SLOT, **more)
    return int(run(job_id)["deletedCount"])


def drafts_left() -> set[str]:
    return {one.user_id for one in ChapterAutosave.objects()}


def test_drafts_of_more_than_so_many_days_go_and_the_others_stay() -> None:
    draft(days=30.1), draft(days=300)
    young = {draft(days=n).user_id for n in (30, 29.9, 0)}
    assert cleaned("autosave", 30) == 2
    assert drafts_left() == young
    assert cleaned("autosave", 30) == 0


def test_a_dry_run_counts_and_deletes_nothing() -> None:
    old = {draft(days=31).user_id for _ in range(3)}
    assert cleaned("autosave", 30, dryRun=True) == 3
    assert drafts_left() == old
    assert cleaned("autosave", 30) == 3


def test_a_draft_that_something_builds_on_stays_and_holds_up_nothing(small_steps: None) -> None:
    kept = [draft(days=50 + n) for n in range(4)]  # the oldest of all: a whole list of them
    for _ in range(3):
        draft(days=40)
    names = {one.user_id for one in kept}
    drafts.keeps_autosaves(lambda found: {d.pk for d in found if d.user_id in names})
    assert cleaned("autosave", 30, dryRun=True) == 3
    assert cleaned("autosave", 30) == 3
    assert drafts_left() == names


def test_one_draft_a_person_and_place() -> None:
    from mongoengine.errors import NotUniqueError

    first = {"user_id": "u", "story_slug": "s"}
    draft(days=1, **first, kind="root_chapter")
    draft(days=1, **first, kind="new_chapter", parent_slug="a")
    draft(days=1, **first, kind="new_chapter", parent_slug="b")
    draft(days=1, **first, kind="update_chapter", chapter_slug="a")
    draft(days=1, user_id="another", story_slug="s", kind="root_chapter")
    with pytest.raises(NotUniqueError):
        draft(days=1, **first, kind="new_chapter", parent_slug="a")
    with pytest.raises(NotUniqueError):
        draft(days=1, **first, kind="root_chapter")


def test_sessions_that_have_ended_or_are_past_their_time_go() -> None:
    gone = {
        session("active", seen=9, ends=0.1),
        session("ended", seen=1, ends=-5),
        session("revoked", seen=1, ends=-5),
        session("ended", seen=9, ends=2),
    }
    kept = {session("active", seen=9, ends=-0.1), session("active", seen=0, ends=-7)}
    assert cleaned("sessions", 0) == len(gone)
    assert {one.session_id for one in Session.objects()} == kept


def test_read_notifications_go_and_what_nobody_read_stays() -> None:
    notice(days=91), notice(days=400)
    kept = {notice(days=89).pk, notice(days=400, is_read=False).pk}
    assert cleaned("notifications", 90) == 2
    assert {one.pk for one in Notification.objects()} == kept


def test_a_list_that_is_cached_forgets_what_was_cleared_away() -> None:
    user = sign_in()
    old = notice(days=91, user_id=str(user.user_id))
    assert [i["id"] for i in user.get("/notifications").json()["items"]] == [old.pk]
    assert cleaned("notifications", 90) == 1
    assert user.get("/notifications").json()["items"] == []


def test_logs_are_job_runs_health_checks_and_what_the_admin_changed() -> None:
    admin = get_user_model().objects.create_superuser("admin")
    for n, days in enumerate((91, 90.1, 89, 0)):
        at = DUE - timedelta(days=days)
        HealthCheck.objects.create(job_id=str(n), checked_at=at, is_well=True, parts={})
        JobRun.objects.create(
            token=n,
            job_id=str(n),
            name="x",
            queue="email",
            attempt=1,
            started_at=at,
            duration=0.1,
            outcome="completed",
        )
        LogEntry.objects.create(user=admin, object_id=n, action_flag=2, action_time=at)
    assert cleaned("logs", 90, dryRun=True) == 6
    assert cleaned("logs", 90) == 6
    assert sorted(LogEntry.objects.values_list("object_id", flat=True)) == ["2", "3"]
    assert sorted(JobRun.objects.values_list("token", flat=True)) == [2, 3]
    assert sorted(HealthCheck.objects.values_list("job_id", flat=True)) == ["2", "3"]


def test_rows_of_one_moment_are_each_found_once(small_steps: None) -> None:
    at = DUE - timedelta(days=100)
    for n in range(5):
        HealthCheck.objects.create(job_id=str(n), checked_at=at, is_well=True, parts={})
    for _ in range(5):
        draft(days=100)
    assert cleaned("logs", 90, dryRun=True) == 5
    assert cleaned("autosave", 90, dryRun=True) == 5
    assert cleaned("logs", 90) == 5
    assert cleaned("autosave", 90) == 5


def test_the_cut_off_is_that_of_the_slot_however_late_it_runs() -> None:
    """In the year that has passed since DUE, both have come to be older than 30 days."""
    draft(days=31)
    kept = draft(days=29)
    assert timezone.now() - kept.last_saved_at > timedelta(days=60)
    assert cleaned("autosave", 30) == 1
    assert drafts_left() == {kept.user_id}


def test_without_a_slot_it_is_that_of_the_moment_when_it_was_enqueued() -> None:
    job_id = clean.enqueue(type="autosave", olderThan=0)
    at = datetime.fromtimestamp(get_job(job_id).at / 1000, UTC)
    draft(days=0, last_saved_at=at - A_MOMENT)
    later = draft(days=0, last_saved_at=at + timedelta(milliseconds=1))
    assert run(job_id) == {"deletedCount": 1}
    assert drafts_left() == {later.user_id}


def test_what_is_saved_while_it_is_being_cleared_away_stays() -> None:
    old = draft(days=40)
    holding = OldDocuments(ChapterAutosave, by="last_saved_at")
    (place,) = holding.find(before=DUE, after=None)
    assert isinstance(place, Place)
    ChapterAutosave.objects(pk=old.pk).update_one(set__last_saved_at=DUE + A_MOMENT)
    assert holding.delete([place.id], before=DUE) == 0
    assert drafts_left() == {old.user_id}


def test_it_tells_how_far_it_is_and_stops_when_it_is_cancelled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(services, "STEP", 2)
    for _ in range(6):
        draft(days=40)
    job_id = clean.enqueue(type="autosave", olderThan=30, slot=SLOT)
    told = []
    delete = OldDocuments.delete

    def delete_and_look(holding: OldDocuments, ids: Any, *, before: datetime) -> int:
        told.append(get_job(job_id).progress)
        if len(told) == 2:
            cancel_job(job_id)
        return delete(holding, ids, before=before)

    monkeypatch.setattr(OldDocuments, "delete", delete_and_look)
    outcome = attempt(job_id)
    assert (outcome.state, told) == ("failed", [None, "2/6"])
    assert len(drafts_left()) == 2  # what was deleted before stays so, and is whole
    assert get_job(job_id).progress == "4/6"


def test_an_attempt_goes_on_counting_from_the_one_before_it() -> None:
    for _ in range(3):
        draft(days=40)
    told = []
    done = services.clean(
        kind="autosave",
        before=DUE,
        is_dry=False,
        done=200,
        report=lambda *said: told.append(said),
    )
    assert (done, told) == (203, [(203, 203)])


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        ({"type": "autosave", "daysOld": 30}, "daysOld"),
        ({"type": "autosave", "olderThan": 30, "daysOld": 30}, "daysOld"),
        ({"type": "autosave", "olderThan": -1}, "olderThan"),
        ({"type": "autosave", "olderThan": "30"}, "olderThan"),
        ({"type": "everything", "olderThan": 30}, "type"),
        ({"type": "autosave"}, "olderThan"),
        ({"olderThan": 30}, "type"),
    ],
)
def test_what_is_no_clean_up_is_refused_before_it_can_delete(
    payload: dict[str, Any], said: str
) -> None:
    with pytest.raises(BadPayload, match=said):
        clean.call(**payload)


def test_the_schedules_pass_what_the_payload_asks_for() -> None:
    """The original's passed `daysOld`, so that nothing was ever old enough."""
    declared = {one.name: one for one in list_declarations()}
    assert {
        name: (one.timing[0], dict(one.args))
        for name, one in declared.items()
        if one.job == "cleanup.run"
    } == {
        "cleanup-old-autosaves": ("3 3 * * *", {"type": "autosave", "olderThan": 30}),
        "cleanup-expired-sessions": ("7 4 * * *", {"type": "sessions", "olderThan": 0}),
        "cleanup-old-notifications": ("11 5 * * 0", {"type": "notifications", "olderThan": 90}),
        "cleanup-old-logs": ("41 3 * * *", {"type": "logs", "olderThan": 90}),
    }
