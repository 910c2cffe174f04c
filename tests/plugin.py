"""Starts a test run's servers before Django reads its settings; loaded by `-p tests.plugin`."""

import gc
import os
import tempfile
from collections.abc import Generator
from contextlib import ExitStack
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from storychain import embedded
from tests.unlimited import UNLIMITED

_servers = ExitStack()
# What starts whole stacks waits most of its time, so two take turns beside what only computes:
# three of them at once would be short of processors.
ROWS = {"acceptance": "stacks", "contract": "stacks", "faults": "faults"}
ALSO_STACKS = ("tests/faults/cache/", "tests/faults/schedules/")  # else the other row ends last

SHORT_LIVED = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"  # half the work for one EPUBCheck


def pytest_collection_finish() -> None:
    """Look for garbage among what tests make, and seldom: all that is loaded stays anyway."""
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None]:
    """Start what no variable names; a wrapper, so that it comes before pytest-django's."""
    known = early_config.known_args_namespace
    if not known.help:
        is_spread = bool(getattr(known, "numprocesses", None))  # by xdist's -n
        is_worker = is_spread and "PYTEST_XDIST_WORKER" in os.environ
        home = _servers.enter_context(tempfile.TemporaryDirectory(prefix="storychain-tests-"))
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # each process would compile all anew
        # A busy machine is not a broken cache: only the tests of failures ask for less.
        usual = {"TIME_SCALE": "0.1", "CACHE_TIMEOUT_SECONDS": "2", **UNLIMITED}
        os.environ |= {"STORYCHAIN_HOME": home, **usual | os.environ}
        if is_worker:
            os.environ["STORYCHAIN_HOME"] = home  # each its own, with servers of its own
        if is_worker or not is_spread:  # a controller only hands out tests
            _start_servers()
    return (yield)


def _start_servers() -> None:
    try:
        os.environ |= _servers.enter_context(embedded.servers(durable=False))
    except embedded.CannotStart as error:
        raise pytest.UsageError(str(error)) from None


class _InRows(LoadScopeScheduling):
    """Keeps each row of stacks, and the tests of any other file, in one worker of xdist."""

    def _split_scope(self, nodeid: str) -> str:
        """Return what a test is in."""
        file = nodeid.partition("::")[0]
        row = ROWS.get(file.split("/")[1], file)
        return "stacks" if file.startswith(ALSO_STACKS) else row


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Hand tests out so; xdist's own groups do not work with this pytest (3.8.0 and 9.2.0)."""
    return _InRows(config, log)


def pytest_unconfigure() -> None:
    """Stop them."""
    _servers.close()
