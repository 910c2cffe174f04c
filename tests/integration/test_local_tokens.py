"""Tokens of the local key set, for where Clerk is not set."""

import os
import stat
import subprocess
import sys
from io import StringIO
from pathlib import Path

import jwt
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from storychain.api import authentication
from tests.integration.test_authentication import call

pytestmark = pytest.mark.urls("tests.integration.edge_urls")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def home(settings: Settings, tmp_path: Path) -> Path:
    """A STORYCHAIN_HOME that nothing has been kept in yet."""
    settings.STORYCHAIN_HOME = tmp_path / "home"
    return settings.STORYCHAIN_HOME


def mint(*words: str) -> str:
    out = StringIO()
    call_command("mint_token", *words, stdout=out)
    return out.getvalue().strip()


def test_a_minted_token_holds(home: Path) -> None:
    assert call(mint("ada")).json()["user_id"] == "ada"
    assert call(authentication.mint_token(user_id="bob@example.com")).status_code == 200


def test_every_token_has_a_session_of_its_own_and_holds_as_long_as_said(home: Path) -> None:
    short, longer = (
        jwt.decode(mint("ada", *words), options={"verify_signature": False})
        for words in ((), ("--minutes", "600"))
    )
    assert short["sid"] != longer["sid"]
    assert [found["exp"] - found["iat"] for found in (short, longer)] == [3600, 36000]
    assert call(mint("ada", "--minutes", "-1")).json()["code"] == "expired-token"


@pytest.mark.parametrize("minutes", ["nan", "inf", "-inf", "1e300"])
def test_a_token_holds_a_year_at_most(home: Path, minutes: str) -> None:
    with pytest.raises(CommandError, match="a year"):
        mint("ada", f"--minutes={minutes}")


def test_the_key_is_for_its_owner_only(home: Path) -> None:
    mint("ada")
    (kept,) = [path for path in home.iterdir() if b"PRIVATE KEY" in path.read_bytes()]
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_processes_that_start_at_once_agree_on_the_key(home: Path) -> None:
    environ = {**os.environ, "STORYCHAIN_HOME": str(home)}
    command = [sys.executable, "manage.py", "mint_token", "ada"]
    running = [
        subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE) for _ in range(3)
    ]
    tokens = [process.communicate(timeout=60)[0].decode().strip() for process in running]
    assert [call(token).status_code for token in tokens] == [200] * 3


@pytest.mark.parametrize("kept", ["", "no key", "-----BEGIN PRIVATE KEY-----\nAAAA\n"])
def test_a_broken_key_file_is_named(home: Path, kept: str) -> None:
    home.mkdir()
    (home / "session-key.pem").write_text(kept)
    with pytest.raises(ImproperlyConfigured, match=r"session-key\.pem"):
        mint("ada")


@pytest.mark.parametrize("user", ["", "a b", "a/b", "x" * 129, "ä", "a\n"])
def test_nobody_can_be_called_like_this(home: Path, user: str) -> None:
    with pytest.raises(CommandError, match="as the user's id"):
        mint(user)


def test_where_clerk_is_set_none_is_minted_and_none_holds(home: Path, settings: Settings) -> None:
    token = mint("ada")
    settings.CLERK_JWKS_URL = "http://127.0.0.1:1/keys"
    with pytest.raises(CommandError, match="CLERK_JWKS_URL"):
        mint("ada")
    assert call(token).status_code == 503
