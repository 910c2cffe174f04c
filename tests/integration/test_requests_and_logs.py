"""A request's id from the edge to the logs, one format, and no secret in it."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from logging import config as stdlib_config
from typing import Any

import pytest
import structlog
from django.conf import settings as django_settings
from django.test import Client

from storychain.api.authentication import mint_token
from storychain.observability.correlation import current_request_id
from storychain.observability.logging import configure_logging, mask_secrets

pytestmark = pytest.mark.urls("tests.integration.edge_urls")
ANYONE = Client(raise_request_exception=False)


class Log:
    """What was written, line by line."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The JSON lines so far."""
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]

    def line(self, event: str) -> dict[str, Any]:
        """The only line with this event."""
        (found,) = [line for line in self.lines if line["event"] == event]
        return found


@pytest.fixture
def log() -> Iterator[Log]:
    """The process' log as JSON, and afterwards the settings' own again."""
    caught = Log()
    chosen = configure_logging(style="json", level="DEBUG")
    chosen["handlers"]["stderr"]["stream"] = caught.stream
    before = list(logging.getLogger().handlers)
    stdlib_config.dictConfig(chosen)
    yield caught
    stdlib_config.dictConfig(django_settings.LOGGING)
    logging.getLogger().handlers = before


def test_a_request_gets_an_id_that_is_answered_and_logged(log: Log) -> None:
    answer = ANYONE.get("/plain/only-get")
    assert answer.content.decode() == answer["X-Request-ID"]
    assert log.line("request")["request_id"] == answer["X-Request-ID"]
    assert current_request_id() == ""


@pytest.mark.parametrize("given", ["a" * 8, "A-z_0.9" + "x" * 121, "6f1e7e0c-0000-4000-8000-00"])
def test_the_callers_id_is_kept_if_it_is_sane(given: str) -> None:
    assert ANYONE.get("/livez", headers={"x-request-id": given})["X-Request-ID"] == given


@pytest.mark.parametrize("given", ["", "short", "a" * 129, "with space", "a\nb1234567", "äöüäöüäö"])
def test_another_id_is_made_if_not(given: str) -> None:
    answer = ANYONE.get("/livez", headers={"x-request-id": given})
    assert answer["X-Request-ID"] != given
    assert len(answer["X-Request-ID"]) == 32


def test_the_access_line_says_who_asked_what_and_how_it_ended(log: Log) -> None:
    ANYONE.get("/api/v1/who", headers={"authorization": f"Bearer {mint_token(user_id='ada')}"})
    ANYONE.get("/api/v1/fail/conflict?token=swordfish")
    first, second = (line for line in log.lines if line["event"] == "request")
    assert first["ms"] >= 0
    assert {**first, **dict.fromkeys(("ms", "timestamp", "request_id"))} == {
        "event": "request",
        "logger": "storychain.access",
        "level": "info",
        "method": "GET",
        "route": "/api/v1/who",
        "status": 200,
        "cache": "-",
        "caller": "ada",
        **dict.fromkeys(("ms", "timestamp", "request_id")),
    }
    assert (second["route"], second["status"]) == ("/api/v1/fail/<str:how>", 409)
    assert "caller" not in second
    assert "swordfish" not in log.stream.getvalue()


def test_a_defect_is_logged_once_with_its_request_id_and_traceback(log: Log) -> None:
    answer = ANYONE.get("/api/v1/fail/defect")
    (line,) = [line for line in log.lines if line["level"] == "error"]
    assert line["request_id"] == answer["X-Request-ID"]
    assert line["logger"] == "django.request"
    assert "RuntimeError" in line["exception"]


def test_an_outage_is_logged_with_its_cause(log: Log) -> None:
    ANYONE.get("/api/v1/fail/mongo-gone")
    assert "ServerSelectionTimeoutError" in log.line("a part does not answer")["exception"]


def test_probes_only_show_when_debugging(log: Log) -> None:
    ANYONE.get("/livez")
    assert log.line("request")["level"] == "debug"


TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl"


def test_no_secret_reaches_the_log_in_whatever_guise(log: Log) -> None:
    out = structlog.get_logger("test")
    out.info(
        "named", authorization="swordfish", nested={"api_key": "swordfish"}, cookie=b"swordfish"
    )
    out.info("inside", text=f"Authorization: Bearer {TOKEN}", items=[f"got {TOKEN}"])
    out.info("urls", url="redis://user:swordfish@host/0", link="/file?id=1&token=swordfish&x=2")
    logging.getLogger("foreign").info("Bearer %s", "swordfish-token")
    logging.getLogger("foreign").info("extra", extra={"password": "swordfish"})
    try:
        int(f"{TOKEN} at mongodb://u:swordfish@host")
    except ValueError:
        out.exception("failed")
    written = log.stream.getvalue()
    assert "swordfish" not in written
    assert TOKEN not in written
    assert "x=2" in written
    assert "host" in written


def test_figures_named_like_secrets_stay(log: Log) -> None:
    structlog.get_logger("test").info("read", tokens=3, token_age=1.5)
    assert (log.line("read")["tokens"], log.line("read")["token_age"]) == (3, 1.5)


def test_console_lines_are_one_format_too(capsys: pytest.CaptureFixture[str]) -> None:
    stream = io.StringIO()
    chosen = configure_logging(style="console", level="INFO")
    chosen["handlers"]["stderr"]["stream"] = stream
    before = list(logging.getLogger().handlers)
    stdlib_config.dictConfig(chosen)
    try:
        structlog.get_logger("test").warning("ours", token="swordfish")
        logging.getLogger("celery").warning("theirs %s", TOKEN)
        try:
            int(TOKEN)
        except ValueError:
            logging.getLogger("django.request").exception("failed")
    finally:
        stdlib_config.dictConfig(django_settings.LOGGING)
        logging.getLogger().handlers = before
    written = stream.getvalue()
    assert "ours" in written
    assert "theirs" in written
    assert "ValueError" in written
    assert "swordfish" not in written
    assert TOKEN not in written


@pytest.mark.parametrize("text", ["", "plain", "see https://example.com/a?b=c", "a@b.c", "x: y"])
def test_what_is_no_secret_stays(text: str) -> None:
    assert mask_secrets(text) == text
