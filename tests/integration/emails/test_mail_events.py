"""Which mails follow from what people do, and how they get rid of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from apps.collaboration.services import invite
from apps.emails.jobs import send_email
from apps.emails.links import unsubscribe_url
from apps.users.documents import User
from apps.users.services import ensure_user
from storychain.api.authentication import mint_token
from storychain.outbox import OutboxRow
from storychain.queues.records import get_job
from tests.emailing.fixtures import run_all, send_by
from tests.emailing.mails import DIGEST
from tests.emailing.servers import MailServer
from tests.factories import Caller, sign_in, start_story, unique

pytestmark = [pytest.mark.usefixtures("open_limit"), pytest.mark.django_db]
ANYONE = Client(enforce_csrf_checks=True, raise_request_exception=False)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def served(mail_server: MailServer, settings: Settings) -> MailServer:
    """A mail server that takes everything."""
    mail_server.start()
    send_by(mail_server.url, settings)
    return mail_server


def arrive(name: str, email: str | None = None) -> Caller:
    """Let somebody come whose session names this address."""
    caller = Caller(name)
    token = mint_token(user_id=name, email=email)
    caller.headers = {"Authorization": f"Bearer {token}"}
    assert caller.get("/users/me").status_code == 200
    return caller


def subjects(server: MailServer) -> list[tuple[str, str]]:
    return [(str(taken.message["Subject"]), taken.receivers[0]) for taken in server.taken()]


def test_who_arrives_is_welcomed_once(served: MailServer) -> None:
    name = unique("user")
    for _ in range(2):
        arrive(name, f"{name}@example.org")
    assert OutboxRow.objects(row_id=f"welcome:{name}").count() == 1
    run_all()
    assert subjects(served) == [("Welcome to StoryChain", f"{name}@example.org")]
    assert OutboxRow.objects(row_id=f"welcome:{name}").count() == 0
    assert get_job(f"welcome:{name}").state == "completed"


def test_who_arrives_without_an_address_is_welcomed_when_there_is_one(served: MailServer) -> None:
    name = unique("user")
    arrive(name)
    assert run_all() == []
    arrive(name, f"{name}@example.org")
    arrive(name, "other@example.org")
    run_all()
    assert [to for _, to in subjects(served)] == [f"{name}@example.org"]
    assert User.objects.get(clerk_id=name).email == f"{name}@example.org"


def test_an_address_that_another_has_is_nobodys_elses(served: MailServer) -> None:
    assert ensure_user(user_id="first", email="one@example.org", now=NOW)
    assert ensure_user(user_id="second", email="one@example.org", now=NOW)
    assert User.objects.get(clerk_id="second").email is None
    run_all()
    assert len(served.taken()) == 1


def test_an_address_that_no_mail_can_go_to_keeps_nobody_out(served: MailServer) -> None:
    arrive(unique("user"), "not an address")
    assert run_all() == []


def test_who_is_invited_is_told(served: MailServer) -> None:
    author, name = sign_in(), unique("user")
    arrive(name, f"{name}@example.org")
    run_all()
    story = start_story(author, title="The «lamp» & <more>")
    answer = author.post(f"/stories/{story}/collaborators", {"user_id": name, "role": "co_author"})
    assert answer.status_code in (200, 201, 204), answer.content
    run_all()
    mail = served.taken()[-1]
    assert mail.receivers == [f"{name}@example.org"]
    assert "invites you to write" in str(mail.message["Subject"])
    assert 'to "The «lamp» & <more>" as co-author' in mail.part("plain")
    assert "The «lamp» &amp; &lt;more&gt;" in mail.part("html")
    before = len(served.taken())
    for later in (timedelta(), timedelta(), timedelta(days=1)):  # withdrawn, and asked again
        assert author.delete(f"/stories/{story}/collaborators/{name}").status_code == 204
        again = {"user_id": name, "role": "co_author", "now": timezone.now() + later}
        invite(story_slug=story, caller_id=str(author.user_id), **again)
    run_all()
    assert len(served.taken()) == before + 1, "nobody fills another's mailbox by asking again"
    assert OutboxRow.objects(row_id__startswith=f"notice:invited:{story}:").count() == 2


def digest_link(served: MailServer) -> str:
    """Send a digest; return the path of its link."""
    send_email("ada@example.org", **DIGEST)
    run_all()
    header = str(served.taken()[-1].message["List-Unsubscribe"]).strip()
    assert served.taken()[-1].message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert header[1:-1] in served.taken()[-1].part("plain")
    return header[1:-1].removeprefix("http://localhost:8000")


@pytest.fixture
def ada() -> Any:
    ensure_user(user_id="user_ada", username="ada", email="ada@example.org", now=NOW)
    return lambda: User.objects.get(clerk_id="user_ada").preferences.digest


def test_one_click_unsubscribes_without_a_login(ada: Any, served: MailServer) -> None:
    link = digest_link(served)
    for method in (ANYONE.get, ANYONE.head):
        page = method(link)
        assert page.status_code == 200
        assert ada() == "weekly"
    assert b"<button>Unsubscribe</button>" in ANYONE.get(link).content
    answer = ANYONE.post(
        link,
        "List-Unsubscribe=One-Click",
        content_type="application/x-www-form-urlencoded",
    )
    assert answer.status_code == 200
    assert b"You are unsubscribed" in answer.content
    assert not answer.cookies
    assert answer["Cache-Control"] == "no-store"
    assert ada() == "never"
    assert ANYONE.post(link).status_code == 200  # again is as well


def test_a_link_that_is_not_ours_unsubscribes_nobody(ada: Any) -> None:
    link = unsubscribe_url(user_id="user_ada").removeprefix("http://localhost:8000")
    for wrong in (link[:-1], link + "x", link.replace("unsubscribe/", "unsubscribe/x"), "x" * 3000):
        path = wrong if wrong.startswith("/") else f"/api/v1/emails/unsubscribe/{wrong}"
        answer = ANYONE.post(path)
        assert answer.status_code == 404
        assert b"not complete" in answer.content
    assert ada() == "weekly"


def test_a_link_of_somebody_who_left_is_taken(ada: Any) -> None:
    link = unsubscribe_url(user_id="gone").removeprefix("http://localhost:8000")
    assert ANYONE.post(link).status_code == 200


def test_other_methods_are_refused(ada: Any) -> None:
    link = unsubscribe_url(user_id="user_ada").removeprefix("http://localhost:8000")
    assert ANYONE.put(link).status_code == 405
    assert ANYONE.delete(link).status_code == 405


def test_what_was_unsubscribed_shows_in_ones_own_preferences(served: MailServer) -> None:
    name = unique("user")
    caller = arrive(name, f"{name}@example.org")
    ANYONE.post(unsubscribe_url(user_id=name).removeprefix("http://localhost:8000"))
    assert caller.get("/users/me").json()["preferences"]["digest"] == "never"
    caller.patch("/users/me", {"preferences": {"digest": "daily"}})
    assert caller.get("/users/me").json()["preferences"]["digest"] == "daily"
