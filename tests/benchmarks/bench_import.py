"""The foundation's figures: starts of `make run`, memory of what runs then, import of novels.

The memory is each process's proportional set size: what it shares is counted once, over all.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import psutil

from tests.acceptance.running import ROOT, Running, run_storychain
from tests.benchmarks.measuring import Case

NOVELS = sorted((ROOT.parent / "shared" / "stories").glob("*.txt"))
SAMPLES = sorted((ROOT / "apps" / "imports" / "samples").glob("*.txt"))
MB = 2**20


@contextmanager
def cases() -> Iterator[list[Case]]:
    """Yield starts first, then what is measured of one system that runs meanwhile."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        warm = folder / "warm"
        _start(warm)
        (home := folder / "running").mkdir()
        running = stack.enter_context(run_storychain(home))
        yield [
            Case(
                name="first start to /readyz",
                unit="s",
                better="lower",
                ours=lambda: _start(Path(tempfile.mkdtemp(dir=folder))),
                repeats=3,
            ),
            Case(
                name="next start to /readyz",
                unit="s",
                better="lower",
                ours=partial(_start, warm),
                repeats=3,
            ),
            *_import_cases(running),
            *_memory_cases(running),
        ]


def _start(home: Path) -> float:
    """Start everything, stop it when it is ready; return the seconds until then."""
    home.mkdir(exist_ok=True)
    began_at = time.monotonic()
    with run_storychain(home):
        return time.monotonic() - began_at


def _memory_cases(running: Running) -> Iterator[Case]:
    """Yield a case for each process of the running system, and one for all together."""
    family = _family(running)
    for process in family:
        measure = partial(_pss, [process])
        yield Case(name=f"memory: {_label(process)}", unit="MB", better="lower", ours=measure)
    yield Case(name="memory: all", unit="MB", better="lower", ours=partial(_pss, family))


def _family(running: Running) -> list[psutil.Process]:
    parent = psutil.Process(running.process.pid)
    return [parent, *parent.children(recursive=True)]


def _label(process: psutil.Process) -> str:
    """Return a process's name, told apart from its parent where it has the same."""
    name = process.name()
    if name.startswith("python"):
        words = [Path(word).name for word in process.cmdline()[1:3]]
        name = " ".join(words) if words[0] == "manage.py" else words[0]
    siblings = [child.pid for child in process.parent().children()]
    is_child = process.parent().name() == name
    return f"{name}, child {siblings.index(process.pid) + 1}" if is_child else name


def _pss(processes: list[psutil.Process]) -> float:
    return sum(process.memory_full_info().pss for process in processes) / MB


def _import_cases(running: Running) -> Iterator[Case]:
    """Yield seconds and memory of importing each novel, once: a second time is no import."""
    if "import_story" not in running.manage("help"):
        return
    for novel in NOVELS or SAMPLES:
        results: dict[str, float] = {}
        title = f"import of {novel.name} ({novel.stat().st_size / MB:.2f} MB)"
        yield Case(
            name=title,
            unit="s",
            better="lower",
            ours=partial(_import, running, novel, results),
            repeats=1,
        )
        yield Case(
            name=f"{title}, most memory",
            unit="MB",
            better="lower",
            ours=partial(results.__getitem__, "memory"),
            repeats=1,
        )


def _import(running: Running, novel: Path, results: dict[str, float]) -> float:
    """Import a novel as a user does; return the seconds, keep the memory."""
    began_at = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "manage.py", "import_story", str(novel), "--author", "ada"],
        cwd=ROOT,
        env=running.environ,
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    results["memory"] = usage.ru_maxrss / 1024
    return time.monotonic() - began_at
