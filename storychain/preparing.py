"""Makes the databases ready: tables, indexes, schedules, the first admin, a first story.

Safe to repeat; what is already there stays as it is.
"""

import secrets
from pathlib import Path

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command, get_commands

from storychain.mongodb import ensure_indexes
from storychain.secrets import read_or_make
from storychain.storage import check_storage


def prepare(*, with_demo: bool) -> None:
    """Prepare what all processes stand on; `with_demo` also loads the demo story, once ever."""
    check_storage()
    call_command("migrate", interactive=False, verbosity=0)
    ensure_indexes()
    _call_if_there("sync_schedules")
    ensure_admin(login_file=settings.STORYCHAIN_HOME / "admin-login")
    if with_demo:
        _load_demo_once(settings.STORYCHAIN_HOME / "demo_loaded")


def ensure_admin(*, login_file: Path) -> None:
    """Make the first admin; `login_file` keeps "name:password" until the password is changed."""
    admins = get_user_model().objects.filter(is_superuser=True)
    if not admins.exists():
        login = read_or_make(path=login_file, make=lambda: f"admin:{secrets.token_urlsafe(12)}")
        name, _, password = login.partition(":")
        get_user_model().objects.create_superuser(name, password=password)
    elif login_file.exists() and not _opens(login_file.read_text()):
        login_file.unlink()


def _opens(login: str) -> bool:
    name, _, password = login.partition(":")
    admin = get_user_model().objects.filter(username=name).first()
    return admin is not None and admin.check_password(password)


def _load_demo_once(stamp: Path) -> None:
    if not stamp.exists() and _call_if_there("load_demo"):
        stamp.touch()


def _call_if_there(name: str) -> bool:
    is_there = name in get_commands()
    if is_there:
        call_command(name)
    return is_there
