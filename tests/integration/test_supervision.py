"""Commands of a Procfile: run side by side, started again, asked to stop, gone with us."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
RUN = """
import sys
from pathlib import Path
from storychain import supervision
supervision.GRACE_SECONDS = 2
supervisor = supervision.Supervisor(Path(sys.argv[1]))
supervisor.start()
supervisor.run()
"""
SLEEPER = "import time; print('awake', flush=True); time.sleep(600)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, lambda *_: print('no', flush=True)); "
PARENT = (
    "import os, subprocess; subprocess.Popen(['python', os.environ['FOLDER'] + '/sleeper.py']); "
)
Start = Callable[[str], "Supervised"]


class Supervised:
    """A supervisor that runs in a process of its own."""

    def __init__(self, folder: Path, procfile: str) -> None:
        (folder / "Procfile").write_text(procfile)
        self.log = folder / "log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", RUN, str(folder / "Procfile")],
                cwd=ROOT,
                env={**os.environ, "FOLDER": str(folder)},
                stdout=log,
                stderr=log,
            )

    def printed(self, text: str, *, times: int = 1) -> bool:
        """Say whether it has printed this so often."""
        return self.log.read_text().count(text) >= times

    def children(self) -> dict[str, psutil.Process]:
        """Return what runs below it, by name."""
        family = psutil.Process(self.process.pid).children(recursive=True)
        return {process.name(): process for process in family}

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Stop it; nothing may be left."""
        family = psutil.Process(self.process.pid).children(recursive=True)
        self.process.send_signal(number)
        code = self.process.wait(30)
        assert psutil.wait_procs(family, timeout=5)[1] == []
        return code


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a supervisor of what a Procfile says, with programs that lie in its folder."""
    (tmp_path / "sleeper.py").write_text(SLEEPER)
    (tmp_path / "stubborn.py").write_text(STUBBORN + SLEEPER)
    (tmp_path / "parent.py").write_text(PARENT + SLEEPER)
    started: list[Supervised] = []

    def start(procfile: str) -> Supervised:
        started.append(Supervised(tmp_path, procfile))
        return started[-1]

    yield start
    for supervised in started:
        if supervised.process.poll() is None:
            supervised.process.kill()
            supervised.process.wait()


def test_what_each_prints_comes_with_its_name(start: Start) -> None:
    supervised = start("one: echo first\nother-one: echo second\n")
    wait_until(lambda: supervised.printed("one       | first"))
    wait_until(lambda: supervised.printed("other-one | second"))
    assert supervised.stop() == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_them_all(start: Start, number: signal.Signals) -> None:
    supervised = start("a: python $FOLDER/sleeper.py\nb: sleep 600\n")
    wait_until(lambda: supervised.printed("awake"))
    assert set(supervised.children()) == {"a", "sleep"}
    assert supervised.stop(number) == 0


def test_one_that_will_not_stop_is_ended(start: Start) -> None:
    supervised = start("a: python $FOLDER/stubborn.py\n")
    wait_until(lambda: supervised.printed("awake"))
    assert supervised.stop() == 0
    assert supervised.printed("| no")


def test_one_that_ends_starts_again_later_each_time(start: Start) -> None:
    supervised = start("a: sh -c 'echo here; exit 3'\n")
    for pause in (1, 2):
        wait_until(lambda pause=pause: supervised.printed(f"starts again in {pause} s"))
    wait_until(lambda: supervised.printed("here", times=3))
    assert supervised.stop() == 0


def test_what_a_dead_command_has_started_goes_with_it(start: Start) -> None:
    supervised = start("a: python $FOLDER/parent.py\n")
    wait_until(lambda: supervised.printed("awake", times=2))
    command = supervised.children()["a"]
    family = [command, *command.children()]
    assert len(family) == 2
    command.kill()
    assert psutil.wait_procs(family, timeout=10)[1] == []
    wait_until(lambda: supervised.printed("awake", times=4))
    assert supervised.stop() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="prctl(2) is Linux's")
def test_kill_9_of_it_ends_them(start: Start) -> None:
    supervised = start("a: python $FOLDER/sleeper.py\nb: sleep 600\n")
    wait_until(lambda: supervised.printed("awake"))
    family = list(supervised.children().values())
    supervised.process.kill()
    assert psutil.wait_procs(family, timeout=10)[1] == []
    supervised.process.wait()


@pytest.mark.parametrize(
    ("program", "printed"),
    [
        ("import sys; sys.exit('a reason')", "a reason"),
        ("raise ValueError('what')", "ValueError: what"),
        ("import sys; print(sys.argv[1:])", "['one', 'two words']"),
        ("import atexit; atexit.register(print, 'goodbye')", "goodbye"),
        ("import threading as t; t.Timer(0.1, print, ['late']).start()", "late"),
        ("import sys; print(repr(sys.stdin.read()))", "''"),
        ("import os; print(len(os.listdir('/proc/self/fd')))", "4"),
    ],
)
def test_a_fork_begins_and_ends_as_a_program_does(
    start: Start, tmp_path: Path, program: str, printed: str
) -> None:
    (tmp_path / "program.py").write_text(program)
    supervised = start("a: python $FOLDER/program.py one 'two words'\n")
    wait_until(lambda: supervised.printed(f"| {printed}"))
    assert supervised.stop() == 0


def test_a_module_runs_as_one(start: Start) -> None:
    supervised = start("a: python -m json.tool --help\n")
    wait_until(lambda: supervised.printed("usage: "))
    assert supervised.stop() == 0
