"""`make soak ONLY=queues`: every fault of the queues at full size, at the pace of production.

The tests are those of the suite (FOLDERS); what says how large they are is sizes.py.
Ends with 0 only if all of them pass.
"""

import os
import sys
from importlib import import_module

import pytest
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

FOLDERS = ("tests/faults/queues", "tests/faults/emails")
# Set before the tests are loaded: sizes.py reads it then.
FULL = {"QUEUE_PROOF": "full", "TIME_SCALE": "1"}
MOST_SECONDS = 3_600  # for one fault
TEXT = "{task.description}"
console = Console()


class Teller:
    """Shows how far the tests are, what they print, and what fails."""

    def __init__(self, progress: Progress) -> None:
        """Show it there."""
        self._progress = progress
        self._bar = progress.add_task("collecting", total=None)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Learn how many there are, and that they are of full size."""
        assert import_module("tests.queueing.sizes").IS_FULL
        self._progress.update(self._bar, total=len(session.items))

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Say what is tried now."""
        self._progress.update(self._bar, description=_name(nodeid))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Say how a test, or its way in or out, has ended."""
        if report.failed:
            console.print(f"FAILED  {_name(report.nodeid)}\n{report.longreprtext}", markup=False)
        elif report.skipped:
            console.print(f"skipped {_name(report.nodeid)}: {report.longrepr}", markup=False)
        elif report.when == "call":
            console.print(f"passed  {report.duration:>6.1f} s  {_name(report.nodeid)}")
            console.print(report.capstdout, end="", markup=False)
        if report.when == "teardown":
            self._progress.advance(self._bar)


def _name(nodeid: str) -> str:
    return nodeid.partition("::")[2].removeprefix("test_").replace("_", " ")


def run(*words: str) -> int:
    """Run the tests, or those that pytest's own words choose; return the exit code."""
    os.environ |= FULL
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=console) as progress:
        options = ["-o", "addopts=", "-p", "tests.plugin", "-p", "no:terminal"]
        options += ["-o", f"timeout={MOST_SECONDS}"]
        code = pytest.main([*options, *FOLDERS, *words], plugins=[Teller(progress)])
    return int(code)


if __name__ == "__main__":
    sys.exit(run(*sys.argv[1:]))
