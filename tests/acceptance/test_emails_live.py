"""Mails of the whole system as `make run` starts it: the first one, and a forgotten password."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest

from tests.acceptance.running import Running, run_storychain, wait_until
from tests.emailing.servers import MailServer, Taken

NEW = "a-brand-new-password-41"


@pytest.fixture(scope="module")
def mail_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailServer]:
    """A mail server that takes everything."""
    server = MailServer(tmp_path_factory.mktemp("mail") / "server")
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, mail_server: MailServer) -> Iterator[Running]:
    """Everything, as `make run` starts it."""
    with run_storychain(tmp_path_factory.mktemp("home"), EMAIL_URL=mail_server.url) as running:
        yield running


def mail_about(server: MailServer, subject: str) -> Taken:
    def look() -> Taken | None:
        found = [taken for taken in server.taken() if taken.message["Subject"] == subject]
        return found[0] if found else None

    return wait_until(look, seconds=60)


def test_who_arrives_is_welcomed(running: Running, mail_server: MailServer) -> None:
    token = running.manage("mint_token", "ada", "--email", "ada@example.org").split()[-1]
    headers = {"Authorization": f"Bearer {token}"}
    me = httpx.get(f"{running.url}/api/v1/users/me", headers=headers)
    assert me.json()["email"] == "ada@example.org"
    taken = mail_about(mail_server, "Welcome to StoryChain")
    assert taken.receivers == ["ada@example.org"]


def test_staff_who_forgot_a_password_choose_another(
    running: Running, mail_server: MailServer
) -> None:
    name, _ = running.admin
    code = (
        "from django.contrib.auth import get_user_model as m;"
        f"m().objects.filter(username={name!r}).update(email='olga@example.org')"
    )
    running.manage("shell", "-c", code)
    with httpx.Client(base_url=running.url, follow_redirects=True) as visitor:
        send_form(visitor, "/admin/password-reset/", email="olga@example.org")
        taken = mail_about(mail_server, "A new password for StoryChain")
        link = re.search(r"http://\S+/admin/password-reset/\S+", taken.part("plain"))
        assert link
        path = httpx.URL(link[0]).path
        done = send_form(visitor, path, new_password1=NEW, new_password2=NEW)
        assert done.url.path == "/admin/password-reset/complete/"
        home = send_form(visitor, "/admin/login/?next=/admin/", username=name, password=NEW)
        assert home.url.path == "/admin/"


def send_form(visitor: httpx.Client, path: str, **fields: str) -> httpx.Response:
    """Open a page of the admin and send its form as a browser does."""
    page = visitor.get(path)
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
    assert token, page.text
    sent = {**fields, "csrfmiddlewaretoken": token[1]}
    answer = visitor.post(str(page.url), data=sent, headers={"Origin": origin(page)})
    assert answer.status_code == 200, answer.text
    return answer


def origin(page: httpx.Response) -> str:
    return f"{page.url.scheme}://{page.url.netloc.decode()}"
