"""`manage.py doctor`: whether it sees what is wrong, and says what to do."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from storychain.checkup import Finding, examine
from tests.acceptance.running import ROOT, SERVERS

NOWHERE = "redis://127.0.0.1:1/0"


@pytest.fixture
def urls(settings: Settings) -> dict[str, str]:
    """The servers of this test run."""
    return {name: getattr(settings, name) for name in SERVERS[:3]}


def look(part: str, urls: dict[str, str]) -> Finding:
    """Return what is found of one part."""
    return next(finding for finding in examine(urls) if finding.part == part)


@pytest.mark.django_db
def test_all_other_parts_of_a_test_run_are_well(urls: dict[str, str]) -> None:
    """The queue is not: tests keep no journal."""
    ailing = {finding.part for finding in examine(urls) if finding.mend}
    assert ailing == {"Redis, queue"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("part", "wrong", "found"),
    [
        ("Redis, cache", {"REDIS_CACHE_URL": NOWHERE}, "refused"),
        ("Redis, queue", {"REDIS_QUEUE_URL": NOWHERE}, "refused"),
        ("MongoDB", {"MONGODB_URI": "mongodb://127.0.0.1:1/x"}, "refused"),
    ],
)
def test_a_server_that_is_away_is_found(
    urls: dict[str, str], part: str, wrong: dict[str, str], found: str
) -> None:
    finding = look(part, urls | wrong)
    assert found in finding.found
    assert next(iter(wrong)) in finding.mend


@pytest.mark.django_db
def test_servers_that_were_exchanged_are_found(urls: dict[str, str]) -> None:
    exchanged = {
        "REDIS_CACHE_URL": urls["REDIS_QUEUE_URL"],
        "REDIS_QUEUE_URL": urls["REDIS_CACHE_URL"],
    }
    assert "never evicts" in look("Redis, cache", urls | exchanged).found
    assert "may lose jobs" in look("Redis, queue", urls | exchanged).found


@pytest.mark.django_db
def test_one_server_for_both_is_found_even_by_another_name(urls: dict[str, str]) -> None:
    same = urls["REDIS_QUEUE_URL"].replace("127.0.0.1", "localhost").replace("/0", "/1")
    assert "same server" in look("Two Redis", urls | {"REDIS_CACHE_URL": same}).found


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("part", "name", "value"),
    [
        ("Clerk", "CLERK_JWKS_URL", "http://127.0.0.1:1/keys"),
        ("Static files", "INSTALLED_APPS", ["django.contrib.staticfiles"]),
        ("Disk", "STORYCHAIN_HOME", Path("/proc/nowhere")),
    ],
)
def test_a_setting_that_leads_nowhere_is_found(
    settings: Settings, urls: dict[str, str], part: str, name: str, value: Any
) -> None:
    setattr(settings, name, value)
    assert look(part, urls).mend


@pytest.mark.django_db
def test_an_email_server_that_is_away_is_found(settings: Settings, urls: dict[str, str]) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    assert "EMAIL_URL" in look("E-mail", urls).mend


@pytest.mark.django_db
def test_a_port_in_use_is_found(settings: Settings, urls: dict[str, str], tmp_path: Path) -> None:
    settings.STORYCHAIN_HOME = tmp_path
    with socket.create_server((settings.HOST, 0)) as taken:
        settings.PORT = taken.getsockname()[1]
        assert "is in use" in look("Port", urls).found


def test_the_command_starts_what_is_missing_and_says_what_is_wrong(tmp_path: Path) -> None:
    """Nothing was prepared in this home, so the SQL database is not there yet."""
    unset = {**os.environ, "STORYCHAIN_HOME": str(tmp_path), "PORT": "0"}
    environ = {name: value for name, value in unset.items() if name not in {*SERVERS, "PORT"}}
    done = subprocess.run(
        [sys.executable, "manage.py", "doctor", "--json"],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    ailing = {finding["part"] for finding in json.loads(done.stdout) if finding["mend"]}
    assert ailing - {"Port"} == {"SQL"}
