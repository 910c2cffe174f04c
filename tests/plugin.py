"""Starts a test run's servers before Django reads its settings; loaded by `-p tests.plugin`."""

import os
import tempfile
from collections.abc import Generator
from contextlib import ExitStack

import pytest

from storychain import embedded

_servers = ExitStack()
STARTED = "STORYCHAIN_TESTS_STARTED"  # the variables that a run has set itself
# What starts whole stacks takes turns: two of them at once would be short of processors.
STACKS = ("acceptance", "contract", "faults")


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None]:
    """Start what no variable names; a wrapper, so that it comes before pytest-django's."""
    if not early_config.known_args_namespace.help:
        home = _servers.enter_context(tempfile.TemporaryDirectory(prefix="storychain-tests-"))
        for variable in os.environ.pop(STARTED, "").split():
            os.environ.pop(variable, None)  # the controller's: every worker of xdist has its own
        # A busy machine is not a broken cache: only the tests of failures ask for less.
        usual = {"STORYCHAIN_HOME": home, "TIME_SCALE": "0.1", "CACHE_TIMEOUT_SECONDS": "2"}
        ours = {name for name in usual if name not in os.environ}
        os.environ |= {name: usual[name] for name in ours}
        try:
            urls = _servers.enter_context(embedded.servers(durable=False))
        except embedded.CannotStart as error:
            raise pytest.UsageError(str(error)) from None
        os.environ |= urls | {STARTED: " ".join(ours | set(urls))}
    return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Say what runs in one worker of xdist: the stacks, and the tests of a file."""
    for item in items:
        kind = item.path.relative_to(item.config.rootpath).parts[1:2]
        group = "stacks" if kind and kind[0] in STACKS else item.path.stem
        item.add_marker(pytest.mark.xdist_group(group))


def pytest_unconfigure() -> None:
    """Stop them."""
    _servers.close()
