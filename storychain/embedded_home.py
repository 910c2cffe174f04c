"""STORYCHAIN_HOME, the folder of all data of a clone: who may use it, where its servers are."""

import fcntl
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil

from storychain.embedded_kinds import CannotStart

NEEDED_BYTES = 64 * 2**20


def home_of(environ: Mapping[str, str]) -> Path:
    """Return STORYCHAIN_HOME, the folder that holds all data of this clone."""
    given = environ.get("STORYCHAIN_HOME") or Path(__file__).parent.parent / ".storychain"
    return Path(given).expanduser().absolute()


def running_urls(*, home: Path) -> dict[str, str]:
    """Return {variable: URL} of what `make run` keeps running for this home; empty if nothing."""
    try:
        state = json.loads((home / "servers.json").read_text())
        is_there = psutil.Process(state["pid"]).create_time() == state["born"]
    except (OSError, ValueError, LookupError, TypeError, psutil.Error):
        return {}
    return dict(state["urls"]) if is_there else {}


@contextmanager
def only_one(home: Path, *, wait: bool) -> Iterator[None]:
    """Keep others out of this home; raise CannotStart if one is in, or wait until it has left."""
    with (home / "servers.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            raise CannotStart(
                f"{home} is in use by another process of this clone: stop that one, "
                "or set STORYCHAIN_HOME (and PORT) to run a second one."
            ) from None
        yield


@contextmanager
def announced(home: Path, urls: dict[str, str]) -> Iterator[None]:
    """Have servers.json say where the servers are, for as long as they run."""
    path, us = home / "servers.json", psutil.Process()
    path.write_text(json.dumps({"pid": us.pid, "born": us.create_time(), "urls": urls}))
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def check_disk(home: Path) -> None:
    """Raise CannotStart if this home cannot be written or has no room left; make it if need be."""
    try:
        # Its servers ask nobody for a password, and what they keep is for nobody else to read.
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        (home / "servers.lock").touch()
    except OSError as error:
        raise CannotStart(
            f"{home} cannot be written ({error.strerror}): "
            "mend that, or set STORYCHAIN_HOME to another folder."
        ) from None
    if shutil.disk_usage(home).free < NEEDED_BYTES:
        raise CannotStart(
            f"The disk of {home} is full: free some space, or set STORYCHAIN_HOME to another disk."
        )
