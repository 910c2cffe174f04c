"""Staff who forgot their password: Django's pages, our queue."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from pytest_django.fixtures import Settings

from storychain.queues.records import get_job, list_jobs
from tests.emailing.fixtures import run_all, send_by
from tests.emailing.servers import MailServer

pytestmark = [pytest.mark.usefixtures("open_limit"), pytest.mark.django_db]
HOST = "http://localhost:8000"
NEW = "a-brand-new-password-41"


@pytest.fixture
def staff(settings: Settings) -> Any:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # in no time
    return get_user_model().objects.create_superuser("olga", "olga@example.org", "old-password-41")


def ask(email: str) -> None:
    answer = Client().post("/admin/password-reset/", {"email": email})
    assert answer.status_code == 302
    assert answer["Location"] == "/admin/password-reset/done/"


def test_a_new_password_is_a_mail_away(
    staff: Any, mail_server: MailServer, settings: Settings
) -> None:
    mail_server.start()
    send_by(mail_server.url, settings)
    assert b"/admin/password-reset/" in Client().get("/admin/login/").content
    assert Client().get("/admin/password-reset/").status_code == 200
    ask("OLGA@example.org")
    (job,) = list_jobs(queue="email", state="waiting", limit=9)
    assert "http" not in str(get_job(job.id).args)  # no link that others could find there
    run_all()
    (taken,) = mail_server.taken()
    (link,) = set(re.findall(rf"{HOST}(/admin/password-reset/\S+/\S+/)", taken.part("plain")))
    assert link in taken.part("html")
    assert "olga" in taken.part("plain")
    visitor = Client()
    form = visitor.get(link, follow=True)
    path = form.redirect_chain[-1][0]
    done = visitor.post(path, {"new_password1": NEW, "new_password2": NEW}, follow=True)
    assert done.redirect_chain[-1][0] == "/admin/password-reset/complete/"
    assert Client().login(username="olga", password=NEW)
    again = Client().get(link, follow=True).content.decode()
    assert "already been used" in again


def test_asking_again_and_again_is_one_mail(
    staff: Any, mail_server: MailServer, settings: Settings
) -> None:
    mail_server.start()
    send_by(mail_server.url, settings)
    for _ in range(5):
        ask("olga@example.org")
    run_all()
    assert len(mail_server.taken()) in (1, 2)  # two, where five minutes begin in between


def test_nobody_else_is_mailed(staff: Any) -> None:
    ask("nobody@example.org")
    assert run_all() == []


def test_who_left_before_the_mail_was_sent_gets_none(
    staff: Any, mail_server: MailServer, settings: Settings
) -> None:
    mail_server.start()
    send_by(mail_server.url, settings)
    ask("olga@example.org")
    staff.is_active = False
    staff.save()
    assert [outcome.state for outcome in run_all()] == ["completed"]
    assert mail_server.taken() == []
