"""Runs a command in a fork of this process, which shares the memory of what is loaded already.

As far as the command can tell it was started afresh: a session, signals, standard streams and an
end of its own. It ends with us, even by SIGKILL. What was opened here is not open there.
"""

import atexit
import ctypes
import os
import runpy
import shlex
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NoReturn

from storychain.embedded import die_with

PR_SET_NAME = 15
STOP_SIGNALS = {signal.SIGINT, signal.SIGTERM}
STDIN, STDOUT, STDERR = range(3)
MOST_FILES = 4096
OPENED = Path("/proc/self/fd")


def fork_command(command: str, *, name: str) -> tuple[int, int]:
    """Fork a line of a Procfile; return its process id and where to read what it prints.

    `python -m MODULE ...` and `python FILE ...` run in the fork itself where that is safe (Linux);
    anything else goes to the shell.
    """
    reading, writing = os.pipe()
    pid = fork(partial(_run, command), name=name, output=writing)
    os.close(writing)
    os.set_blocking(reading, False)
    return pid, reading


def fork(run: Callable[[], object], *, name: str, output: int | None = None) -> int:
    """Fork a process that does `run` and ends; return its id. It prints to `output`, or as we."""
    sys.stdout.flush()
    parent = os.getpid()
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)  # none while the fork still is as we are
    pid = os.fork()
    if pid == 0:
        _finish(partial(_become, run, name=name, parent=parent, output=output))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
    return pid


def _become(run: Callable[[], object], *, name: str, parent: int, output: int | None) -> None:
    """Leave behind what the parent was, then run."""
    os.setsid()
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
    die_with(parent=parent)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_NAME, name.encode())
    os.dup2(os.open(os.devnull, os.O_RDONLY), STDIN)
    if output is not None:
        os.dup2(output, STDOUT)
        os.dup2(output, STDERR)
    _close_files()
    run()


def _close_files() -> None:
    """Close what the parent had opened, but for prometheus-client's files.

    Those it closes itself at its first use in a fork: by then their numbers would be others'.
    """
    figures = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if sys.platform != "linux" or not figures:
        os.closerange(STDERR + 1, MOST_FILES)
        return
    for link in list(OPENED.iterdir()):
        with suppress(OSError):  # that of the listing itself is closed by now
            if int(link.name) > STDERR and not link.readlink().is_relative_to(figures):
                os.close(int(link.name))


def _run(command: str) -> None:
    words = shlex.split(os.path.expandvars(command))
    if sys.platform != "linux" or words[0] != "python":
        os.execvp("sh", ["sh", "-c", f"exec {command}"])  # noqa: S606, S607 - what a Procfile says
    if words[1] == "-m":
        sys.argv = words[2:]
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    else:
        sys.argv = words[1:]
        runpy.run_path(sys.argv[0], run_name="__main__")


def _finish(run: Callable[[], object]) -> NoReturn:
    """Run, then end as an interpreter does: code, threads, exit handlers, streams."""
    code: object = 1
    try:
        run()
        code = 0
    except SystemExit as end:
        code = end.code
    except BaseException:  # noqa: BLE001 - the last one who can tell
        traceback.print_exc()
    finally:
        if isinstance(code, str):
            sys.stderr.write(f"{code}\n")
        threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001 - as multiprocessing does
        atexit._run_exitfuncs()  # noqa: SLF001 - the same
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else int(bool(code)))
