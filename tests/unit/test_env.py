"""The environment: what is read, what is refused, and how that reads."""

import json
import os
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.utils.module_loading import import_string
from hypothesis import given
from hypothesis import strategies as st

from config.env import Env, WrongVariable
from config.mail import SERVICES, mail_settings
from storychain.secrets import read_or_make


@pytest.fixture
def home(tmp_path: Path) -> str:
    return str(tmp_path)


def test_nothing_needs_to_be_set(home: str) -> None:
    env = Env.read({"STORYCHAIN_HOME": home})
    assert (env.host, env.port, env.profile) == ("127.0.0.1", 8000, "development")
    assert env.database_url == f"sqlite:///{home}/sql.sqlite3"


def test_an_empty_variable_is_an_unset_one(home: str) -> None:
    assert Env.read({"STORYCHAIN_HOME": home, "PORT": " ", "MONGODB_URI": ""}).port == 8000


def test_a_server_that_is_not_set_names_its_variable_in_every_error(home: str) -> None:
    env = Env.read({"STORYCHAIN_HOME": home})
    assert "redis-cache-url-is-not-set.invalid" in env.redis_cache_url
    assert "mongodb-uri-is-not-set.invalid" in env.mongodb_uri


def test_what_runs_for_this_home_is_found(home: str) -> None:
    _announce(home, born=psutil.Process().create_time())
    assert Env.read({"STORYCHAIN_HOME": home}).redis_queue_url == "redis://127.0.0.1:7/0"


def test_what_is_set_comes_before_what_runs(home: str) -> None:
    _announce(home, born=psutil.Process().create_time())
    env = Env.read({"STORYCHAIN_HOME": home, "REDIS_QUEUE_URL": "redis://other/1"})
    assert (env.redis_queue_url, env.celery_broker_url) == ("redis://other/1", "redis://other/1")


def test_what_another_process_of_the_same_number_left_is_not_believed(home: str) -> None:
    _announce(home, born=psutil.Process().create_time() - 60)
    assert ".invalid" in Env.read({"STORYCHAIN_HOME": home}).redis_queue_url


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": "x"}', '{"pid": 1}'])
def test_a_broken_servers_file_is_none(home: str, text: str) -> None:
    Path(home, "servers.json").write_text(text)
    assert ".invalid" in Env.read({"STORYCHAIN_HOME": home}).redis_queue_url


@pytest.mark.parametrize(
    ("name", "value", "mend"),
    [
        ("PORT", "http", "port number from 1 to 65535"),
        ("PORT", "0", "port number"),
        ("PORT", "65536", "port number"),
        ("TIME_SCALE", "0", "above 0"),
        ("TIME_SCALE", "nan", "above 0"),
        ("DEBUG", "maybe", "use one of 1, true"),
        ("STORYCHAIN_PROFILE", "huge", "development"),
        ("REDIS_CACHE_URL", "localhost:6379", "begins with redis:"),
        ("REDIS_CACHE_URL", "redis://", "begins with redis:"),
        ("REDIS_QUEUE_URL", "redis://host:99999/0", "begins with redis:"),
        ("MONGODB_URI", "mongodb://host", "a database name"),
        ("MONGODB_URI", "postgres://host/x", "begins with mongodb:"),
        ("MONGODB_URI", "mongodb://host/x?retryWrites=true&w=majority", "leave out w, journal"),
        ("DATABASE_URL", "mysql://host/x", "begins with sqlite:"),
        ("EMAIL_URL", "host:25", "begins with console:"),
        ("EMAIL_URL", "smtp://", "begins with console:"),
        ("EMAIL_URL", "smtp://host?timeout=soon", "a timeout of whole seconds"),
        ("EMAIL_URL", "postmark:?timeout=0", "a timeout of whole seconds"),
        ("EMAIL_URL", "smtp://%C3%BCs@host", "user and password in ASCII"),
        ("EMAIL_FROM", "StoryChain", "use an address"),
        ("CLERK_JWKS_URL", "clerk.example", "begins with https:"),
        ("RATE_LIMITS", "write", "write=40, from 1 a minute"),
        ("RATE_LIMITS", "write=0", "write=40"),
        ("RATE_LIMITS", "writes=1", "public-read, signed-in-read, write,"),
        ("TRUSTED_PROXIES", "all", "0 to 9"),
        ("TRUSTED_PROXIES", "-1", "0 to 9"),
        ("QUEUE_ALERTS", "late", "late=60 or export.slow=300"),
        ("QUEUE_ALERTS", "late=soon", "late=60"),
        ("QUEUE_ALERTS", "late=-1", "late=60"),
        ("QUEUE_ALERTS", "lat=1", "backlog, late, unattended, slow, dead"),
        ("QUEUE_ALERTS", "letters.late=1", "late=60"),
    ],
)
def test_a_wrong_variable_is_one_line_that_names_it(
    home: str, name: str, value: str, mend: str
) -> None:
    with pytest.raises(WrongVariable) as refused:
        Env.read({"STORYCHAIN_HOME": home, name: value})
    line = str(refused.value)
    assert line.startswith(f"{name}={value!r}")
    assert mend in line
    assert "\n" not in line


def test_webhook_secrets_are_svix_secrets_and_none_is_shown(home: str) -> None:
    good = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    read = Env.read({"STORYCHAIN_HOME": home, "CLERK_WEBHOOK_SECRETS": f"{good}, {good}Ab=="})
    assert read.clerk_webhook_secrets == (good, f"{good}Ab==")
    for wrong in (good[:20], good.removeprefix("whsec_"), good + "x", f"{good},short"):
        with pytest.raises(WrongVariable, match="use what Clerk shows") as refused:
            Env.read({"STORYCHAIN_HOME": home, "CLERK_WEBHOOK_SECRETS": wrong})
        assert "MfKQ" not in str(refused.value)


def test_no_password_is_shown(home: str) -> None:
    with pytest.raises(WrongVariable) as refused:
        Env.read({"STORYCHAIN_HOME": home, "MONGODB_URI": "mongodb://me:secret@host"})
    assert "secret" not in str(refused.value)


def test_alert_thresholds_are_words(home: str) -> None:
    read = Env.read({"STORYCHAIN_HOME": home, "QUEUE_ALERTS": "late=5 export.slow=1.5"})
    assert read.queue_alerts == {"late": 5, "export.slow": 1.5}


def test_no_key_of_a_mail_service_is_shown(home: str) -> None:
    with pytest.raises(WrongVariable) as refused:
        Env.read({"STORYCHAIN_HOME": home, "EMAIL_URL": "mailgun:?api_key=abc&timeout=0"})
    assert "api_key=***&timeout=0" in str(refused.value)
    with pytest.raises(WrongVariable) as refused:
        Env.read({"STORYCHAIN_HOME": home, "EMAIL_URL": "smtp://us:w%C3%B6rd@host"})
    assert "us:***@host" in str(refused.value)


@pytest.mark.parametrize("service", SERVICES)
def test_a_mail_service_is_named_by_its_scheme(service: str) -> None:
    found = mail_settings(f"{service}:?api_key=abc&timeout=3")
    name = service.replace("-", "_").upper()
    waits = {"connect_timeout": 3, "read_timeout": 3, "retries": {"total_max_attempts": 1}}
    patience = {"AMAZON_SES_CLIENT_PARAMS": {"config": waits}} if "SES" in name else None
    assert found["ANYMAIL"] == {f"{name}_API_KEY": "abc"} | (patience or {"REQUESTS_TIMEOUT": 3})
    backend = import_string(found["EMAIL_BACKEND"])
    assert backend.esp_name.upper().replace(" ", "_") == name


@pytest.mark.parametrize(
    ("public_url", "sender"),
    [
        ("https://storychain.example", "StoryChain <no-reply@storychain.example>"),
        ("http://127.0.0.1:8000", "StoryChain <no-reply@localhost>"),
        ("http://[::1]:8000", "StoryChain <no-reply@localhost>"),
    ],
)
def test_mails_come_from_where_the_system_is(home: str, public_url: str, sender: str) -> None:
    env = Env.read({"STORYCHAIN_HOME": home, "PUBLIC_URL": public_url})
    assert env.email_from == sender


def test_a_list_of_hosts_is_taken(home: str) -> None:
    uri = "mongodb://a:1,b:2/storychain?replicaSet=x"
    assert Env.read({"STORYCHAIN_HOME": home, "MONGODB_URI": uri}).mongodb_uri == uri


@given(name=st.sampled_from(["PORT", "TIME_SCALE", "MONGODB_URI", "EMAIL_URL"]), value=st.text())
def test_whatever_stands_there_is_taken_or_refused(name: str, value: str) -> None:
    try:
        Env.read({"STORYCHAIN_HOME": "/nowhere", name: value})
    except WrongVariable as refused:
        assert len(str(refused).splitlines()) == 1


def test_a_secret_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "secret"
    assert read_or_make(path=path, make=lambda: "first") == "first"
    assert read_or_make(path=path, make=lambda: "second") == "first"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]
    assert path.parent.stat().st_mode & 0o777 == 0o700


def _announce(home: str, **more: Any) -> None:
    state = {"pid": os.getpid(), "urls": {"REDIS_QUEUE_URL": "redis://127.0.0.1:7/0"}, **more}
    Path(home, "servers.json").write_text(json.dumps(state))


def test_a_bucket_is_a_url_without_keys(home: str) -> None:
    url = "s3://books/exports?region=eu-central-1&endpoint=https://s3.example.org"
    env = Env.read({"STORYCHAIN_HOME": home, "EXPORT_STORAGE_URL": url})
    assert env.export_storage_url == url
    assert Env.read({"STORYCHAIN_HOME": home}).export_storage_url == ""
    for wrong in ("books", "s3:", "gs://books", "s3://key:secret@books", "s3://books?acl=public"):
        with pytest.raises(WrongVariable, match="EXPORT_STORAGE_URL") as refused:
            Env.read({"STORYCHAIN_HOME": home, "EXPORT_STORAGE_URL": wrong})
        assert ":secret" not in str(refused.value)
