"""Real workers and a real mail server: slots, limits and deaths."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from apps.emails.documents import Dispatch
from apps.emails.jobs import email_call, send_email
from apps.emails.services import name_message
from apps.users.documents import User
from storychain.queues.jobs import enqueue_many
from storychain.queues.records import get_job
from storychain.queues.stats import stats
from storychain.queues.topology import QUEUES
from tests.emailing.mails import DIGEST, INVITATION, WELCOME
from tests.emailing.servers import MailServer
from tests.queueing.sizes import sized
from tests.queueing.workers import IO, Crew, Worker, wait_until

ADA = "ada@example.org"
MAILS = sized(400, suite=130)


@pytest.fixture(autouse=True)
def ada(indexes: None) -> None:
    """Somebody who may get digests."""
    from datetime import UTC, datetime

    User(clerk_id="user_ada", username="ada", email=ADA, created_at=datetime.now(UTC)).save(
        force_insert=True
    )


def hire(crew: Crew, server: MailServer, **more: str) -> Any:
    return crew.start(IO, **{"EMAIL_URL": server.url, **more})


def kill(worker: Worker, mongo: Any) -> None:
    """Kill a worker; MongoDB lets go of what it held after a minute, or when it is told to."""
    worker.kill()
    mongo.admin.command({"killAllSessions": []})


def ended(job_id: str, state: str = "completed") -> None:
    wait_until(lambda: get_job(job_id).state == state, seconds=60)


@pytest.mark.usefixtures("open_limit")
def test_never_more_than_a_hundred_mails_in_any_window(
    crew: Crew, mail_server: MailServer, settings: Any, mongo: Any
) -> None:
    """The time is the server's, when the mail was there: later than the permit, so all the more."""
    mail_server.start()
    workers = [hire(crew, mail_server, STORYCHAIN_PROFILE="production-large") for _ in range(2)]
    enqueue_many([email_call(to=f"n{n}@example.org", **WELCOME) for n in range(MAILS)])
    wait_until(lambda: len(mail_server.taken()) > 30, seconds=60)
    kill(workers[0], mongo)
    wait_until(lambda: _row()["completed"] == MAILS, seconds=90)
    times = sorted(taken.at for taken in mail_server.taken())
    window = QUEUES["email"].limit.seconds * settings.TIME_SCALE
    gaps = [later - earlier for earlier, later in zip(times, times[100:], strict=False)]
    assert min(gaps) >= window
    receivers = [taken.receivers[0] for taken in mail_server.taken()]
    assert len(set(receivers)) >= MAILS - 20
    assert len(receivers) == len(set(receivers))  # a welcome is never repeated


def _row() -> dict[str, Any]:
    return next(row for row in stats() if row["name"] == "email")


@pytest.mark.usefixtures("open_limit")
@pytest.mark.parametrize(("mail", "sent"), [(INVITATION, 2), (DIGEST, 1)])
def test_a_worker_killed_between_acceptance_and_record(
    mail: dict[str, Any], sent: int, crew: Crew, mail_server: MailServer, mongo: Any
) -> None:
    """The declared exception: an invitation comes twice under one Message-ID, a digest never."""
    mail_server.start("hold")
    victim = hire(crew, mail_server)
    job_id = send_email(ADA, **mail)
    wait_until(mail_server.taken)
    kill(victim, mongo)
    mail_server.release()
    hire(crew, mail_server)
    ended(job_id)
    taken = mail_server.taken()
    assert len(taken) == sent
    assert {mail.message["Message-ID"] for mail in taken} == {name_message(job_id)}
    assert Dispatch.find(job_id=job_id).status == ("sent" if sent == 2 else "doubtful")


@pytest.mark.usefixtures("open_limit")
def test_a_worker_killed_before_the_mail_was_on_its_way_sends_it_once(
    crew: Crew, mail_server: MailServer, mongo: Any
) -> None:
    mail_server.start("mute")
    victim = hire(crew, mail_server, EMAIL_URL=f"{mail_server.url.partition('?')[0]}?timeout=60")
    job_id = send_email(ADA, **INVITATION)
    wait_until(lambda: Dispatch.find(job_id=job_id))
    kill(victim, mongo)
    hire(crew, mail_server)
    ended(job_id)
    assert len(mail_server.taken()) == 1


@pytest.mark.usefixtures("open_limit")
def test_a_server_that_hangs_frees_its_slot_and_the_mail_goes_out_later(
    crew: Crew, mail_server: MailServer
) -> None:
    mail_server.start("mute,mute")
    hire(crew, mail_server)  # two slots
    ids = [send_email(ADA, **WELCOME) for _ in range(4)]
    for job_id in ids:
        ended(job_id)
    assert len(mail_server.taken()) == 4
    assert sorted(get_job(job_id).attempt for job_id in ids) == [1, 1, 2, 2]


@pytest.mark.usefixtures("open_limit")
def test_a_refusal_is_dead_and_its_neighbours_are_not(crew: Crew, mail_server: MailServer) -> None:
    mail_server.start("rcpt:550,data:451")
    hire(crew, mail_server)
    refused = send_email(ADA, **INVITATION)
    ended(refused, "dead")
    put_off = send_email(ADA, **INVITATION)
    ended(put_off)
    assert get_job(put_off).attempt == 2
    assert len(mail_server.taken()) == 1


@pytest.mark.usefixtures("open_limit")
def test_mails_wait_for_a_server_that_is_away(crew: Crew, mail_server: MailServer) -> None:
    mail_server.start()
    url = mail_server.url
    mail_server.kill()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", int(url.partition("1:")[2].partition("?")[0])))
    hire(crew, mail_server)
    job_id = send_email(ADA, **WELCOME)
    ended(job_id, "delayed")
    mail_server.start()
    ended(job_id)
    assert len(mail_server.taken()) == 1
