"""Processes that read, write and are killed: nobody is shown the past."""

import json
import os
import subprocess
import sys

import pytest

SECONDS = float(os.environ.get("HAMMER_SECONDS", "20"))


@pytest.mark.timeout(SECONDS + 100)
def test_many_processes_never_show_the_past() -> None:
    command = [sys.executable, "-m", "tests.checking.hammer", str(SECONDS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1}, done.stderr[-3000:]
    figures = json.loads(done.stdout)
    print({name: number for name, number in figures.items() if name != "first"})
    assert (figures["violations"], figures["backwards_while_calm"]) == (0, 0), figures["first"]
    assert figures["reads"] > SECONDS * 100  # how many more is the machine's affair
    assert figures["kills"] > SECONDS / 2
