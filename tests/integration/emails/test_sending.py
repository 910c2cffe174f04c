"""A mail from the queue to a real mail server, and what comes of it."""

from __future__ import annotations

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from apps.emails import smtp
from apps.emails.documents import Dispatch
from apps.emails.jobs import send_email
from apps.emails.letters import LETTERS
from apps.emails.samples import SAMPLES
from apps.emails.services import name_message
from apps.users.documents import User
from apps.users.services import ensure_user
from storychain.queues import ledger
from storychain.queues.records import get_job
from tests.emailing.fixtures import run_all, run_next, send_by
from tests.emailing.mails import DIGEST, INVITATION, RUN_OUT, WELCOME
from tests.emailing.servers import MailServer, make_certificate
from tests.waiting import wait_until

pytestmark = [pytest.mark.usefixtures("open_limit"), pytest.mark.django_db]
ADA = "ada@example.org"


@pytest.fixture
def member(mail_server: MailServer) -> str:
    """Somebody with an address; what is due to her arrival has been done."""
    ensure_user(user_id="user_ada", username="ada", email=ADA, now=datetime.now(UTC))
    for row in run_all():
        assert row.state == "completed"
    return ADA


def prefer(**preferences: Any) -> None:
    changes = {f"set__preferences__{name}": value for name, value in preferences.items()}
    User.objects(clerk_id="user_ada").update_one(**changes)


def use(server: MailServer, settings: Settings, plan: str = "") -> None:
    server.start(plan)
    send_by(server.url, settings)


@pytest.mark.parametrize("name", sorted(set(LETTERS) - {"password-reset"}))
def test_each_letter_arrives_as_it_was_meant(
    name: str, member: str, mail_server: MailServer, settings: Settings
) -> None:
    use(mail_server, settings)
    sample = SAMPLES[name]
    subject = f"{sample.subject}: שלום, нюанс, 日本語 {'long ' * 20}end"
    job_id = send_email("آدا Løvelace <ada@example.org>", subject, name, dict(sample.context))
    outcome = run_next()
    assert outcome.state == "completed", outcome
    (taken,) = mail_server.taken()
    assert taken.receivers == [ADA]
    assert taken.sender == "no-reply@localhost"
    message = taken.message
    assert str(message["Subject"]).strip() == subject  # a folded header begins with a space
    (to,) = message["To"].addresses
    assert (to.display_name, to.addr_spec) == ("آدا Løvelace", ADA)
    assert message["From"].addresses[0].display_name == "StoryChain"
    assert message["Message-ID"] == name_message(job_id)
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime is not None
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    for part in ("plain", "html"):
        assert _names(sample.context) <= set(_words(taken.part(part)))
    result = json.loads(get_job(job_id).result)
    assert result == {"sent": True, "messageId": name_message(job_id)}


def _names(context: Any) -> set[str]:
    return set(_words(context.get("inviter", context.get("username", ""))))


def _words(text: str) -> list[str]:
    import re

    return re.findall(r"\w+", text)


def test_a_redelivery_after_it_was_sent_sends_nothing(
    mail_server: MailServer, settings: Settings
) -> None:
    use(mail_server, settings)
    job_id = send_email(ADA, **WELCOME, job_id="once")
    assert run_next().state == "completed"
    _forget_in_ledger()
    send_email(ADA, **WELCOME, job_id="once")
    assert run_next().state == "completed"
    assert json.loads(get_job(job_id).result)["sent"] is True
    assert len(mail_server.taken()) == 1


def _forget_in_ledger() -> None:
    """Lose what the queue Redis knows of jobs, but not whom it limits."""
    from storychain import redis

    client = redis.client("queue")
    gone = [k for k in client.scan_iter(redis.key("q:") + "*") if not k.endswith(b"email:meta")]
    client.delete(*gone)


def test_fifty_requests_of_one_id_at_once_are_one_mail(
    mail_server: MailServer, settings: Settings
) -> None:
    use(mail_server, settings)
    with ThreadPoolExecutor(50) as pool:
        ids = {f.result() for f in [pool.submit(_ask_once) for _ in range(50)]}
    assert ids == {"just-one"}
    assert [outcome.state for outcome in run_all()] == ["completed"]
    assert len(mail_server.taken()) == 1


def _ask_once() -> str:
    return send_email(ADA, **WELCOME, job_id="just-one")


PUT_OFF = ["data:451", "rcpt:450", "data:421", "rcpt:421"]
NOT_THE_MAILS = ["helo:554", "auth:535", "mail:553", "rcpt:530", "rcpt:554 5.7.1"]


@pytest.mark.parametrize("plan", PUT_OFF + NOT_THE_MAILS)
def test_a_mail_that_was_put_off_is_sent_once_later(
    plan: str, mail_server: MailServer, settings: Settings
) -> None:
    mail_server.start(plan)
    send_by(mail_server.url.replace("//", "//us:word@"), settings)
    job_id = send_email(ADA, **DIGEST | WELCOME)
    outcome = run_next()
    assert (outcome.state, get_job(job_id).state) == ("delayed", "delayed")
    assert plan[5:8] in outcome.text
    assert Dispatch.find(job_id=job_id) is None
    assert _retry().state == "completed"
    assert len(mail_server.taken()) == 1
    assert Dispatch.find(job_id=job_id).status == "sent"


def _retry() -> Any:
    """Do the next job, once its back-off is over."""

    def look() -> Any:
        ledger.promote()
        return run_next()

    return wait_until(look)


@pytest.mark.parametrize("plan", ["rcpt:550", "data:554"])
def test_a_mail_that_is_refused_is_dead_at_once(
    plan: str, mail_server: MailServer, settings: Settings
) -> None:
    use(mail_server, settings, plan)
    job_id = send_email(ADA, **WELCOME)
    outcome = run_next()
    assert outcome.state == "dead"
    assert "not this" in outcome.text
    assert get_job(job_id).attempt == 1
    assert Dispatch.find(job_id=job_id) is None


def test_a_password_that_cannot_be_said_leaves_no_doubt(
    mail_server: MailServer, settings: Settings
) -> None:
    mail_server.start()
    send_by(mail_server.url.replace("//", "//us:word@"), settings)
    settings.EMAIL_HOST_PASSWORD = "wörd"
    job_id = send_email(ADA, **WELCOME)
    assert run_next().state == "delayed"
    assert Dispatch.find(job_id=job_id) is None


def test_nobody_listening_is_worth_another_try(mail_server: MailServer, settings: Settings) -> None:
    use(mail_server, settings)
    mail_server.kill()
    send_email(ADA, **WELCOME)
    outcome = run_next()
    assert outcome.state == "delayed"
    assert "refused" in outcome.text
    mail_server.start()
    assert _retry().state == "completed"


def test_a_server_that_says_nothing_is_left_after_the_time_out(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        send_by(f"smtp://127.0.0.1:{silent.getsockname()[1]}?timeout=1", settings)
        send_email(ADA, **DIGEST | WELCOME)
        outcome = run_next()
    assert outcome.state == "delayed"
    assert "timed out" in outcome.text
    assert Dispatch.objects.count() == 0


def test_who_looks_at_a_mail_for_long_is_not_sent_it_twice(
    member: str, mail_server: MailServer, settings: Settings
) -> None:
    use(mail_server, settings, "slow")
    send_email(member, **INVITATION)
    assert [outcome.state for outcome in run_all()] == ["completed"]
    assert len(mail_server.taken()) == 1


def test_nobody_is_sent_more_than_three_copies(
    member: str, mail_server: MailServer, settings: Settings
) -> None:
    use(mail_server, settings)
    for tries in (2, 3):
        job_id = send_email(member, **INVITATION)
        about = {"template": INVITATION["template"], "to": member, "message_id": "<x@y>"}
        left = Dispatch.begin(job_id=job_id, now=datetime.now(UTC), **about)
        for _ in range(tries - 1):
            left.repeat()
        assert run_next().state == "completed"
    assert len(mail_server.taken()) == 1
    assert Dispatch.find(job_id=job_id).status == "doubtful"


@pytest.mark.parametrize("plan", ["hush", "die"])
@pytest.mark.parametrize(("mail", "sent"), [(INVITATION, 2), (DIGEST, 1)])
def test_what_may_have_been_taken_is_repeated_if_its_letter_says_so(
    plan: str,
    mail: dict[str, Any],
    sent: int,
    member: str,
    mail_server: MailServer,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(smtp, "PATIENCE", 1)
    use(mail_server, settings, plan)
    job_id = send_email(member, **mail)
    outcome = run_next()
    assert outcome.state == "delayed"
    assert "no answer to the end of the mail" in outcome.text
    assert Dispatch.find(job_id=job_id).status == "sending"
    if plan == "die":
        wait_until(mail_server.has_died)
        mail_server.start()
    assert _retry().state == "completed"
    taken = mail_server.taken()
    assert len(taken) == sent
    assert {mail.message["Message-ID"] for mail in taken} == {name_message(job_id)}
    result = json.loads(get_job(job_id).result)
    assert result == {"sent": sent == 2, "messageId": name_message(job_id)}
    assert Dispatch.find(job_id=job_id).status == ("sent" if sent == 2 else "doubtful")


def test_a_server_with_tls_is_spoken_to_in_tls(
    tmp_path: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = make_certificate(tmp_path)
    server = MailServer(tmp_path / "tls-mail", certificate=certificate)
    try:
        use(server, settings)
        send_email(ADA, **WELCOME)
        untrusted = run_next()
        assert untrusted.state == "delayed"
        assert "CERTIFICATE_VERIFY_FAILED" in untrusted.text
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert _retry().state == "completed"
        assert [taken.is_encrypted for taken in server.taken()] == [True]
    finally:
        server.kill()


@pytest.mark.parametrize(
    ("mail", "preferences", "sent"),
    [
        (WELCOME, {"email_notifications": False, "digest": "never"}, True),
        (INVITATION, {"digest": "never"}, True),
        (INVITATION, {"email_notifications": False}, False),
        (RUN_OUT, {"digest": "daily"}, False),
        (DIGEST, {"digest": "daily"}, True),
        (DIGEST, {"digest": "never"}, False),
        (DIGEST, {"email_notifications": False}, False),
    ],
)
def test_what_a_member_prefers_when_it_is_sent_decides(
    mail: dict[str, Any],
    preferences: dict[str, Any],
    sent: bool,
    member: str,
    mail_server: MailServer,
    settings: Settings,
) -> None:
    use(mail_server, settings)
    job_id = send_email(member, **mail)
    prefer(**preferences)
    assert run_next().state == "completed"
    assert len(mail_server.taken()) == sent
    expected = {"sent": sent, "messageId": name_message(job_id) if sent else None}
    assert json.loads(get_job(job_id).result) == expected


def test_who_left_and_who_is_nobody_any_more_are_not_mailed(
    member: str, mail_server: MailServer, settings: Settings
) -> None:
    use(mail_server, settings)
    User.objects(clerk_id="user_ada").update_one(set__is_active=False)
    send_email(member, **INVITATION)
    for mail in (INVITATION, DIGEST):
        send_email("nobody@example.org", **mail)
    assert [outcome.state for outcome in run_all()] == ["completed"] * 3
    assert mail_server.taken() == []


def test_a_payload_that_was_forged_on_the_wire_dies(
    mail_server: MailServer, settings: Settings
) -> None:
    import msgspec

    from storychain.queues.wire import Entry, Spec

    use(mail_server, settings)
    args = {**WELCOME, "to": "a@b.example\nBcc: c@d.example"}
    spec = Spec(name="email.send", args=msgspec.Raw(msgspec.json.encode(args)), attempts=8, level=2)
    ledger.enqueue([Entry("forged", "email", spec)])
    outcome = run_next()
    assert outcome.state == "dead"
    assert "to: character 12 is U+000A" in outcome.text
    assert mail_server.taken() == []
