"""Fixtures of the tests that send mails."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from config.mail import mail_settings
from tests.emailing.servers import MailServer


@pytest.fixture
def mail_server(tmp_path: Path) -> Iterator[MailServer]:
    """A mail server for this test, not started yet."""
    server = MailServer(tmp_path / "mail")
    yield server
    server.kill()


@pytest.fixture
def open_limit(fresh_names: str) -> None:
    """Let the queue's limit know this Redis: one that is new to it gives no permit for a window."""
    from storychain import redis

    client = redis.client("queue")
    known = {"limited_by": client.info("server")["run_id"], "limited_since": 0}
    client.hset(redis.key("q:email:meta"), mapping=known)


def send_by(url: str, settings: Settings) -> None:
    """Let this process send as EMAIL_URL says."""
    for name, value in mail_settings(url).items():
        setattr(settings, name, value)


def run_next() -> Any:
    """Do the next mail job here and now; return how its attempt ended, None if none waits."""
    from storychain import outbox
    from storychain.queues import ledger
    from storychain.queues.execution import perform
    from storychain.queues.running import Run
    from storychain.queues.wire import Ask

    ask = Ask(1, 10, uuid.uuid4().hex)
    _, claimed = ledger.exchange(queue="email", holder="test/1#1", ask=ask)
    if not claimed:
        return None
    run = Run(queue="email", claimed=claimed[0])
    outcome = perform(run)
    if outcome.state in {"completed", "failed"}:
        outbox.complete([run.id])
    refused, _ = ledger.exchange(queue="email", holder="test/1#1", outcomes=[outcome], ask=None)
    assert not refused
    return outcome


def run_all() -> list[Any]:
    """Do all mail jobs that wait."""
    return list(iter(run_next, None))
