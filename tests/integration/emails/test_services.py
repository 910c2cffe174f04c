"""Mails handed over to a mail service, whose API is a real HTTP server here."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from apps.emails.documents import Dispatch
from apps.emails.jobs import send_email
from apps.emails.services import name_message
from storychain.checkup import examine
from storychain.queues.records import get_job
from tests.emailing.fixtures import run_next, send_by
from tests.emailing.mails import DIGEST, WELCOME
from tests.emailing.servers import make_certificate
from tests.queueing.servers import free_port

pytestmark = [pytest.mark.usefixtures("open_limit"), pytest.mark.django_db]
ADA = "ada@example.org"


class Postmark:
    """Answers as Postmark does; `answers` are (status, ErrorCode), then all is well.

    Without an ErrorCode it is no JSON.
    """

    def __init__(self, certificate: Path | None = None) -> None:
        self.asked: list[dict[str, Any]] = []
        self.answers: list[tuple[int, int | None]] = []
        self.never_answers = False
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                service.asked.append(
                    json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                )
                if service.never_answers:
                    self.connection.close()
                    return
                status, code = service.answers.pop(0) if service.answers else (200, 0)
                body = {"ErrorCode": code, "Message": "OK" if not code else "no", "To": ADA}
                body |= {"MessageID": "pm-1", "SubmittedAt": "2026-01-01T00:00:00Z"}
                sent = b"<html>" if code is None else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)

            def log_message(self, *_: Any) -> None:
                """Nothing."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        if certificate:
            tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            tls.load_cert_chain(certificate)
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        place = f"http{'s' if certificate else ''}://127.0.0.1:{self.port}/"
        self.url = f"postmark:?server_token=t&timeout=2&api_url={place}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def postmark(settings: Settings) -> Iterator[Postmark]:
    service = Postmark()
    send_by(service.url, settings)
    yield service
    service.close()


def test_a_service_is_given_the_whole_mail(postmark: Postmark) -> None:
    job_id = send_email("Zoë <ada@example.org>", **WELCOME)
    assert run_next().state == "completed"
    (asked,) = postmark.asked
    assert asked["Subject"] == "Welcome"
    assert "ada@example.org" in asked["To"]
    assert asked["TextBody"].startswith("Welcome, ada")
    assert asked["HtmlBody"].startswith("<!DOCTYPE html>")
    headers = {header["Name"]: header["Value"] for header in asked["Headers"]}
    assert headers["Message-ID"] == name_message(job_id)
    assert Dispatch.find(job_id=job_id).service_id == "pm-1"


@pytest.mark.parametrize(
    ("answer", "state", "doubts"),
    [
        ((422, 300), "dead", 0),
        ((413, 0), "dead", 0),
        ((401, 10), "delayed", 0),  # the key, and nothing of the mail's
        ((404, 0), "delayed", 0),
        ((429, 429), "delayed", 0),
        ((503, 100), "delayed", 0),
        ((504, 0), "delayed", 1),  # neither yes nor no
        ((200, None), "delayed", 1),
    ],
)
def test_its_answer_says_whether_to_try_again(
    answer: tuple[int, int | None], state: str, doubts: int, postmark: Postmark
) -> None:
    postmark.answers = [answer]
    job_id = send_email(ADA, **DIGEST | WELCOME)
    assert run_next().state == state
    assert get_job(job_id).state == state
    assert Dispatch.objects.count() == doubts


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A way to have Amazon's service somewhere else."""

    def place(port: int) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "t")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    return place


@pytest.mark.parametrize("service", ["postmark", "amazon-ses"])
def test_a_service_that_hangs_up_leaves_the_mail_in_doubt(
    service: str, postmark: Postmark, aws: Any, settings: Settings
) -> None:
    postmark.never_answers = True
    if service == "amazon-ses":
        aws(postmark.port)
        send_by("amazon-ses:", settings)
    job_id = send_email(ADA, **WELCOME)
    assert run_next().state == "delayed"
    assert len(postmark.asked) == 1
    assert Dispatch.find(job_id=job_id).status == "sending"


@pytest.mark.parametrize("service", ["postmark", "amazon-ses"])
def test_a_service_that_is_not_there_leaves_no_doubt(
    service: str, aws: Any, settings: Settings
) -> None:
    port = free_port()
    aws(port)
    url = f"postmark:?server_token=t&api_url=http://127.0.0.1:{port}/"
    send_by("amazon-ses:" if service == "amazon-ses" else url, settings)
    send_email(ADA, **WELCOME)
    assert run_next().state == "delayed"
    assert Dispatch.objects.count() == 0


def test_a_service_whose_certificate_does_not_hold_leaves_no_doubt(
    tmp_path: Path, settings: Settings
) -> None:
    service = Postmark(make_certificate(tmp_path))
    send_by(service.url, settings)
    send_email(ADA, **WELCOME)
    outcome = run_next()
    service.close()
    assert (outcome.state, service.asked) == ("delayed", [])
    assert "certificate verify failed" in outcome.text
    assert Dispatch.objects.count() == 0


def test_the_doctor_looks_at_the_service(postmark: Postmark, settings: Settings) -> None:
    def look() -> Any:
        urls = dict.fromkeys(("REDIS_CACHE_URL", "REDIS_QUEUE_URL"), "redis://127.0.0.1:1/0")
        urls["MONGODB_URI"] = settings.MONGODB_URI
        return next(found for found in examine(urls) if found.part == "E-mail")

    assert "set EMAIL_FROM" in look().found
    settings.DEFAULT_FROM_EMAIL = "StoryChain <mail@example.org>"
    assert look().found == "postmark, from StoryChain <mail@example.org>"
    settings.ANYMAIL = {"POSTMARK_API_URL": settings.ANYMAIL["POSTMARK_API_URL"]}
    assert "POSTMARK_SERVER_TOKEN" in look().found
    assert "EMAIL_URL" in look().mend
