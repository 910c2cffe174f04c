"""Starts a test run's servers before Django reads its settings; loaded by `-p tests.plugin`."""

import os
import tempfile
from collections.abc import Generator
from contextlib import ExitStack

import pytest

from storychain import embedded

_servers = ExitStack()


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None]:
    """Start what no variable names; a wrapper, so that it comes before pytest-django's."""
    if not early_config.known_args_namespace.help:
        home = _servers.enter_context(tempfile.TemporaryDirectory(prefix="storychain-tests-"))
        # A busy machine is not a broken cache: only the tests of failures ask for less.
        usual = {"TIME_SCALE": "0.1", "CACHE_TIMEOUT_SECONDS": "2"}
        os.environ |= {"STORYCHAIN_HOME": home, **usual | os.environ}
        try:
            os.environ |= _servers.enter_context(embedded.servers(durable=False))
        except embedded.CannotStart as error:
            raise pytest.UsageError(str(error)) from None
    return (yield)


def pytest_unconfigure() -> None:
    """Stop them."""
    _servers.close()
