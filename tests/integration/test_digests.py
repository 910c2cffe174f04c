"""Digests: who is due for one, what is in it, and one of it a day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from pytest_django.fixtures import Settings

from apps.emails.jobs import email_call
from apps.notifications import digests
from apps.notifications.documents import DigestRound, Notification
from apps.notifications.jobs import send_digests
from apps.notifications.limits import MESSAGE_LENGTH, TITLE_LENGTH
from apps.users.documents import User
from storychain.queues.records import list_jobs
from storychain.schedules.declarations import list_declarations
from tests.factories import sign_in, unique
from tests.queueing.here import attempt, run

pytestmark = pytest.mark.django_db(transaction=True)
MONDAY = datetime(2026, 2, 9, 7, 23, tzinfo=UTC)
TUESDAY = MONDAY + timedelta(days=1)


def reader(digest: str = "daily", **changes: Any) -> str:
    """Return a member who takes digests; `changes` are set on his document."""
    user = sign_in()
    values = {
        "email": f"{user.user_id}@example.org",
        "email_verified": True,
        "preferences__digest": digest,
        **changes,
    }
    User.objects(clerk_id=user.user_id).update_one(**{f"set__{k}": v for k, v in values.items()})
    return str(user.user_id)


def told(user_id: str, *, at: datetime, **more: Any) -> Notification:
    content = {"type": "mention", "title": "A word", "message": "Somebody spoke of you."}
    return Notification.keep(
        **{"dedupe_key": unique("cause"), "user_id": user_id, "created_at": at, **content, **more}
    )


def due(at: datetime) -> dict[str, set[str]]:
    """Whose digests are due at a slot, by their period; the rounds are closed as a run does."""
    found: dict[str, set[str]] = {}
    for one in digests.list_due(due_at=at):
        found[one.period] = {who for ids in digests.walk_readers(period=one.period) for who in ids}
        digests.close_round(one)
    return found


def gather(user_id: str, *, days: int = 1) -> digests.Digest | None:
    """The digest of so many days before Tuesday."""
    since = TUESDAY - timedelta(days=days)
    return digests.gather_digest(user_id=user_id, period="daily", since=since, until=TUESDAY)


def queued(queue: str, name: str) -> list[Any]:
    states = ("waiting", "active")
    found = [job for state in states for job in list_jobs(queue=queue, state=state, limit=1000)]
    return [job for job in found if job.name == name]


def test_daily_readers_are_due_each_day_and_weekly_ones_with_the_first_slot_of_a_week() -> None:
    daily, weekly = reader("daily"), reader("weekly")
    reader("never")
    reader("daily", is_active=False)
    both = {"daily": {daily}, "weekly": {weekly}}
    assert due(MONDAY) == both
    assert due(TUESDAY) == {"daily": {daily}}
    assert due(TUESDAY + timedelta(hours=5)) == {}, "once a day, also if somebody runs it by hand"
    assert due(MONDAY) == {}, "nor again for a slot that was run before"
    assert due(TUESDAY + timedelta(days=7)) == both, "Monday's slot was missed"
    assert due(MONDAY + timedelta(days=14)) == both


def test_what_a_missed_slot_would_have_held_is_in_the_next_digest() -> None:
    def span(at: datetime, period: str) -> tuple[timedelta, timedelta]:
        (one,) = [one for one in digests.list_due(due_at=at) if one.period == period]
        digests.close_round(one)
        return at - one.since, at - one.until

    day, none = timedelta(days=1), timedelta()
    assert span(MONDAY, "daily") == (day, none)
    assert span(MONDAY + 1.5 * day, "daily") == (1.5 * day, none)
    assert span(MONDAY + 2.5 * day, "daily") == (day, none)
    assert span(MONDAY + 9 * day, "daily") == (2 * day, none), "no more than two"
    assert span(MONDAY, "weekly") == (7 * day, none)
    assert span(MONDAY + 10 * day, "weekly") == (10 * day, none)
    assert span(MONDAY + 14 * day, "weekly") == (4 * day, none)


def test_readers_are_walked_in_steps_and_none_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digests, "STEP", 2)
    wanted = {reader("daily") for _ in range(5)}
    steps = list(digests.walk_readers(period="daily"))
    assert [len(step) for step in steps] == [2, 2, 1]
    assert {one for step in steps for one in step} == wanted


def test_a_digest_holds_what_came_in_its_period_and_is_unread(settings: Settings) -> None:
    settings.APP_URL, user_id = "https://read.example.org", reader("daily")
    inside = told(user_id, at=TUESDAY - timedelta(hours=1), title="New", action_url="/stories/a")
    told(user_id, at=TUESDAY - timedelta(hours=2), title="Read", is_read=True)
    told(user_id, at=TUESDAY - timedelta(hours=25), title="Yesterday's")
    told(user_id, at=TUESDAY, title="Tomorrow's")
    told(reader(), at=TUESDAY - timedelta(hours=1), title="Another's")
    found = gather(user_id)
    assert found is not None
    assert found.to == f"{user_id}@example.org"
    assert found.subject == "1 unread notification"
    assert [item["title"] for item in found.context["items"]] == [inside.title]
    assert found.context["items"][0]["url"] == "https://read.example.org/stories/a"
    longer = gather(user_id, days=7)
    assert longer is not None
    assert [i["title"] for i in longer.context["items"]] == ["New", "Yesterday's"]


def test_a_digest_names_nothing_that_its_reader_may_not_see_now() -> None:
    user_id = reader()
    an_hour_ago = TUESDAY - timedelta(hours=1)
    hidden = {"title": "Of the Verbena affair", "related": {"story_slug": "not-there"}}
    told(user_id, at=an_hour_ago, **hidden)
    assert gather(user_id) is None
    told(user_id, at=an_hour_ago, title="New")
    found = gather(user_id)
    assert found is not None
    titles = [item["title"] for item in found.context["items"]]
    assert (titles, found.context["more"]) == (["New"], 1)


def test_a_long_digest_shows_the_newest_and_counts_the_rest() -> None:
    user_id = reader()
    for n in range(digests.MOST_SHOWN + 3):
        title = f"No. {n}\nnext line\x01".ljust(TITLE_LENGTH, "語")
        message = "a\0b".ljust(MESSAGE_LENGTH, "𠀋")
        told(user_id, at=TUESDAY - timedelta(minutes=n + 1), title=title, message=message)
    found = gather(user_id)
    assert found is not None
    assert len(found.context["items"]) == digests.MOST_SHOWN
    assert found.context["more"] == 3
    assert found.context["items"][0]["title"].startswith("No. 0 ")
    assert found.context["items"][0]["message"].endswith("𠀋…")
    email_call(**found._asdict(), template="notification-digest")  # the letter takes it, and a job


@pytest.mark.parametrize(
    "changes",
    [
        {"preferences__email_notifications": False},
        {"email_verified": False},
        {"is_active": False},
        {"email": "aña@example.org"},  # Clerk takes more than a mail can go to
    ],
)
def test_who_takes_no_mail_gets_no_digest(changes: dict[str, Any]) -> None:
    user_id = reader(**changes)
    told(user_id, at=TUESDAY - timedelta(hours=1))
    assert gather(user_id) is None


def test_a_slot_has_one_digest_made_and_mailed_however_often_it_is_delivered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    busy, quiet, weekly = reader(), reader(), reader("weekly")
    DigestRound.close("daily", until=TUESDAY - timedelta(days=2))
    told(busy, at=TUESDAY - timedelta(hours=47))
    job_id = send_digests.enqueue(job_id="sched:x", slot=f"{TUESDAY:%Y-%m-%dT%H:%M:%SZ}")
    with monkeypatch.context() as patch:
        patch.setattr(digests, "close_round", Mock(side_effect=ConnectionError))  # dies before it
        assert attempt(job_id).state == "delayed"
    assert attempt(job_id).text == "3"
    assert run(job_id) == 0
    made = queued("notification", "notification.digest")
    daily = {f"digest:2026-02-10:{one}" for one in (busy, quiet)}
    assert {job.id for job in made} == {*daily, f"digest:2026-W07:{weekly}"}
    mails = {run(job.id, times=2) for job in made}
    assert mails == {f"mail:digest:2026-02-10:{busy}", None}
    (mail,) = queued("email", "email.send")
    assert mail.args["to"] == f"{busy}@example.org"
    assert mail.args["template"] == "notification-digest"


def test_the_schedule_has_a_minute_of_its_own() -> None:
    declared = {one.name: one for one in list_declarations()}
    ours = declared["send-notification-digests"]
    assert ours.job == "notification.send_digests"
    others = [d.timing for name, d in declared.items() if name != ours.name]
    assert ours.timing not in others
