"""Schedules in Django's admin: what an operator sees, changes, and is refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule

from storychain.queues import records, registry
from storychain.queues.jobs import job
from storychain.queues.topology import CLEANUP
from storychain.schedules.declarations import Declaration
from storychain.schedules.models import Schedule
from storychain.schedules.synchronising import synchronise

pytestmark = pytest.mark.django_db
LIST = "/admin/schedules/schedule/"
FORM = {
    "name": "mine",
    "task": "tests.sweep",
    "cron": "*/10  8-18 * * mon-fri",
    "zone": "Europe/Berlin",
    "kwargs": '{"room": "attic"}',
    "enabled": "on",
    "description": "",
}


@pytest.fixture(autouse=True)
def sweep() -> Iterator[None]:
    """A job, and a schedule of it that code declares."""

    @job(queue=CLEANUP, name="tests.sweep")
    def sweep(*, room: str = "all") -> str:
        return room

    synchronise([Declaration(name="sweep", job="tests.sweep", timing=("0 * * * *", "UTC"))])
    yield
    registry._JOBS.pop("tests.sweep")


@pytest.fixture
def operator() -> Client:
    """Somebody of the staff, signed in."""
    client = Client()
    client.force_login(User.objects.create_superuser("ops"))
    return client


def edit(row: Schedule, client: Client, **changes: str) -> Any:
    """Change a schedule as its form does."""
    return client.post(f"{LIST}{row.pk}/change/", {**FORM, **changes})


def act(client: Client, action: str, *rows: Schedule) -> str:
    """Choose an action for rows; return what the page then says."""
    chosen = {"action": action, "_selected_action": [row.pk for row in rows]}
    return client.post(LIST, chosen, follow=True).content.decode()


def test_the_list_says_when_each_runs_in_words(operator: Client) -> None:
    page = operator.get(LIST).content.decode()
    hour = (timezone.now() + timedelta(hours=1)).replace(minute=0)
    assert all(text in page for text in ("sweep", "Every hour UTC", f"{hour:%Y-%m-%d %H:%M}"))


def test_only_staff_sees_it() -> None:
    assert Client().get(LIST)["Location"].startswith("/admin/login/")


def test_the_tables_behind_are_hidden() -> None:
    models = {model._meta.label for model in admin.site._registry}
    assert "schedules.Schedule" in models
    assert not {label for label in models if label.startswith("django_celery_beat")}


def test_a_schedule_is_made_in_one_form_and_patterns_are_shared(operator: Client) -> None:
    for name in ("mine", "mine too"):
        answer = operator.post(f"{LIST}add/", FORM | {"name": name})
        assert answer.status_code == 302, answer.context["adminform"].form.errors
    first, second = Schedule.objects.filter(name__startswith="mine")
    assert first.crontab == second.crontab
    assert (first.crontab.minute, first.crontab.hour, first.crontab.day_of_week) == (
        "*/10",
        "8-18",
        "mon-fri",
    )
    assert (first.task, first.kwargs, str(first.crontab.timezone)) == (
        "tests.sweep",
        '{"room": "attic"}',
        "Europe/Berlin",
    )


def test_an_edit_is_kept_by_the_next_deploy(operator: Client) -> None:
    row = Schedule.objects.get(name="sweep")
    assert edit(row, operator, cron="30 4 * * *", zone="UTC", kwargs="{}").status_code == 302
    outcome = synchronise(
        [Declaration(name="sweep", job="tests.sweep", timing=("5 * * * *", "UTC"))]
    )
    row.refresh_from_db()
    assert (row.name, row.crontab.hour, outcome.kept) == ("sweep", "4", {"sweep": ["timing"]})


def test_editing_one_schedule_moves_no_other_of_the_same_pattern(operator: Client) -> None:
    row = Schedule.objects.get(name="sweep")
    other = Schedule.objects.create(name="other", task="tests.sweep", crontab=row.crontab)
    edit(row, operator, cron="30 4 * * *")
    other.refresh_from_db()
    assert (other.crontab.minute, other.crontab.hour) == ("0", "*")


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("cron", "* * *", "five fields"),
        ("cron", "0 0 30 2 *", "never occurs"),
        ("cron", "99 * * * *", "Invalid end range"),
        ("zone", "Mars/Olympus", "no time zone"),
        ("task", "tests.gone", "No job is named tests.gone"),
        ("kwargs", "{room: 1}", "valid JSON"),
        ("kwargs", "[1]", "JSON object"),
        ("kwargs", '{"room": 7}', "Expected `str`"),
        ("kwargs", '{"floor": "first"}', "floor"),
        ("kwargs", '{"job_id": "x"}', "job_id"),
        ("name", "sweep", "already exists"),
        ("name", "", "required"),
    ],
)
def test_what_would_never_run_is_refused_with_the_reason(
    operator: Client, field: str, value: str, why: str
) -> None:
    answer = operator.post(f"{LIST}add/", FORM | {field: value})
    assert answer.status_code == 200
    assert why in str(answer.context["adminform"].form.errors)
    assert Schedule.objects.count() == 1
    assert CrontabSchedule.objects.count() <= 2


def test_run_now_puts_the_job_into_the_ledger_and_leaves_the_times(operator: Client) -> None:
    row = Schedule.objects.get(name="sweep")
    said = act(operator, "run_at_once", row)
    jobs = records.list_jobs(queue=CLEANUP, state="waiting")
    assert [found.name for found in jobs] == ["tests.sweep"]
    assert jobs[0].id in said
    row.refresh_from_db()
    assert row.last_run_at is None


def test_run_now_of_what_cannot_run_says_why(operator: Client) -> None:
    Schedule.objects.update(task="tests.gone")
    assert "No job is named" in act(operator, "run_at_once", Schedule.objects.get())


def test_switching_off_and_on_counts_from_then(operator: Client) -> None:
    row = Schedule.objects.get()
    act(operator, "switch_off", row)
    row.refresh_from_db()
    assert not row.enabled
    Schedule.objects.update(start_time=timezone.now() - timedelta(days=3))
    before = timezone.now()
    act(operator, "switch_on", row)
    row.refresh_from_db()
    assert row.enabled
    assert row.start_time >= before


def test_what_code_declares_is_switched_off_not_deleted_or_renamed(operator: Client) -> None:
    row = Schedule.objects.get()
    assert operator.post(f"{LIST}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    edit(row, operator, name="renamed")
    row.refresh_from_db()
    assert row.name == "sweep"
    assert "delete_selected" not in operator.get(LIST).content.decode()
    own = Schedule.objects.create(name="own", task="tests.sweep", crontab=row.crontab)
    assert operator.post(f"{LIST}{own.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not Schedule.objects.filter(name="own").exists()


def test_health_checks_are_to_look_at_only(operator: Client) -> None:
    from apps.maintenance.models import HealthCheck

    parts = {"sql": {"ms": 1.5, "error": ""}, "mongodb": {"ms": 7, "error": "no route <b>"}}
    check = HealthCheck.objects.create(
        job_id="j", checked_at=timezone.now(), is_well=False, parts=parts
    )
    page = operator.get("/admin/maintenance/healthcheck/").content.decode()
    assert "mongodb, 7 ms" in page
    assert operator.get("/admin/maintenance/healthcheck/add/").status_code == 403
    assert operator.get(f"/admin/maintenance/healthcheck/{check.pk}/change/").status_code == 200
    assert (
        operator.post(
            f"/admin/maintenance/healthcheck/{check.pk}/delete/", {"post": "yes"}
        ).status_code
        == 403
    )
