"""`make soak ONLY=queues` or `ONLY=domain`: what the suite tries in part, tried at its full size.

The tests are those of the suite; how large they are is read from the environment. SECONDS may hold
pytest's own words here, as in SECONDS="-k edits_at_once". Ends with 0 only if all of them pass.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module

import pytest
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

MOST_SECONDS = 3_600  # for one test
TEXT = "{task.description}"
console = Console()


@dataclass(frozen=True)
class Proof:
    """Which tests, and what makes them full: `sizes` is the module that tells whether they are.

    The environment is set before the tests are loaded: they read it then.
    """

    paths: tuple[str, ...]
    environ: Mapping[str, str]
    sizes: str


PROOFS = {
    "queues": Proof(
        paths=("tests/faults/queues", "tests/faults/emails"),
        environ={"QUEUE_PROOF": "full", "TIME_SCALE": "1"},  # at the pace of production
        sizes="tests.queueing.sizes",
    ),
    "domain": Proof(
        paths=(
            "tests/faults/test_deaths_between_steps.py",
            "tests/faults/test_merge_deaths.py",
            "tests/integration/test_chapter_versions_api.py",
        ),
        environ={"DOMAIN_PROOF": "full", "CHAPTER_SAVES": os.environ.get("CHAPTER_SAVES", "5000")},
        sizes="tests.faults.mortals",
    ),
}


class Teller:
    """Shows how far the tests are, what they print, and what fails."""

    def __init__(self, progress: Progress, proof: Proof) -> None:
        """Show it there."""
        self._progress, self._proof = progress, proof
        self._bar = progress.add_task("collecting", total=None)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Learn how many there are, and that they are of full size."""
        assert import_module(self._proof.sizes).IS_FULL
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


def run(name: str, *words: str) -> int:
    """Run a proof's tests, or those that pytest's own words choose; return the exit code."""
    proof = PROOFS[name]
    os.environ |= proof.environ
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn(TEXT),
    )
    with Progress(*columns, console=console) as progress:
        options = ["-o", "addopts=", "-p", "tests.plugin", "-p", "no:terminal"]
        options += ["-o", f"timeout={MOST_SECONDS}"]
        plugins = [Teller(progress, proof)]
        code = pytest.main([*options, *proof.paths, *words], plugins=plugins)
    return int(code)


if __name__ == "__main__":
    sys.exit(run(*sys.argv[1:]))
