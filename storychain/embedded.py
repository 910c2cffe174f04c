"""Redis and MongoDB on a machine that has neither, as child processes on ports that the OS chooses.

`servers()` starts what the environment does not name, starts again what dies, and stops all at the
end. Meanwhile `servers.json` in STORYCHAIN_HOME says where they are, and a lock keeps others out.
`python -m storychain.embedded -- COMMAND` runs a command with the servers at hand.
"""

import ctypes
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Self

from storychain.embedded_home import announced, check_disk, home_of, only_one, running_urls
from storychain.embedded_kinds import KINDS, LOOPBACK, CannotStart

__all__ = ["CannotStart", "at_hand", "check_reachable", "die_with", "given_urls", "servers"]
START_SECONDS = 30
STOP_SECONDS = 10
RESTART_SECONDS = 0.5
POLL_SECONDS = 0.02
ATTEMPTS = 3
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)
_log = logging.getLogger(__name__)


@contextmanager
def at_hand() -> Iterator[None]:
    """Have every server for one command: those that run, else embedded ones for its duration."""
    if _missing() <= running_urls(home=home_of(os.environ)).keys():
        yield
        return
    with servers(shared=False) as urls:
        os.environ.update(urls)
        yield


@contextmanager
def servers(*, shared: bool = True, durable: bool = True) -> Iterator[dict[str, str]]:
    """Start the servers that no variable names; yield {variable: URL}; stop them at the end.

    `shared`: say in servers.json where they are, and raise CannotStart if this home is in use; else
    wait for our turn. Without `durable`, a crash of the machine may lose what was written (tests).
    """
    home = home_of(os.environ)
    check_disk(home)
    with ExitStack() as stack:
        stack.enter_context(only_one(home, wait=not shared))
        running = {
            variable: stack.enter_context(_Running(variable, home, durable=durable))
            for variable in _missing()
        }
        urls = {variable: server.wait() for variable, server in running.items()}
        if shared:
            stack.enter_context(announced(home, urls))
        yield urls
        for server in running.values():
            server.begin_to_stop()


def given_urls() -> dict[str, str]:
    """Return {variable: URL} of the servers that the environment names."""
    return {name: os.environ[name].strip() for name in KINDS if os.environ.get(name, "").strip()}


def check_reachable(urls: Mapping[str, str]) -> None:
    """Raise CannotStart for the first of {variable: URL} that does not answer."""
    for variable, url in urls.items():
        try:
            KINDS[variable].ping(url)
        except Exception as error:  # noqa: BLE001 - of the clients, which are not loaded here
            raise CannotStart(
                f"{variable} names {_without_password(url)}, which does not answer "
                f"({_first_line(error)}): start that server, mend the URL, "
                "or unset the variable to have an embedded one."
            ) from None


def die_with(*, parent: int, by: signal.Signals = signal.SIGTERM) -> None:
    """Have the kernel end this process when `parent`, which started it, ends, even by SIGKILL.

    To be called in the child. prctl(2), so on Linux only; there the signal comes when the thread
    that started the child ends.
    """
    if sys.platform == "linux":
        _libc.prctl(PR_SET_PDEATHSIG, by)
        if os.getppid() != parent:
            os._exit(1)


def _missing() -> set[str]:
    return KINDS.keys() - given_urls()


class _Running:
    """One server while it runs: started on a free port, started again on the same one if it dies.

    One thread starts, watches and restarts it, because a child that dies with its parent dies with
    the thread that started it. Several start at the same time: enter all, then `wait` for each.
    """

    def __init__(self, variable: str, home: Path, *, durable: bool) -> None:
        self._kind = KINDS[variable]
        self._name = variable.lower().rsplit("_", 1)[0].replace("_", "-")
        self._folder, self._log = home / self._name, home / f"{self._name}.log"
        self._durable = durable
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._outcome: Future[str] = Future()
        self._keeper = threading.Thread(target=self._keep, name=self._name, daemon=True)

    def __enter__(self) -> Self:
        self._keeper.start()
        return self

    def wait(self) -> str:
        """Return the URL once the server answers; raise CannotStart if it does not start."""
        return self._outcome.result()

    def __exit__(self, *_: object) -> None:
        self.begin_to_stop()
        if self._process:
            _end(self._process)
        self._keeper.join()

    def begin_to_stop(self) -> None:
        """Ask the server to stop, by force if none of its data is needed; wait for nothing."""
        self._stopping.set()
        if self._process:
            (self._process.terminate if self._durable else self._process.kill)()

    def _keep(self) -> None:
        try:
            port = self._start_somewhere()
        except OSError as error:
            self._outcome.set_exception(
                CannotStart(f"{self._name} does not start ({error}): mend that, then repeat.")
            )
            return
        except Exception as error:  # noqa: BLE001 - it is raised by `wait`
            self._outcome.set_exception(error)
            return
        self._outcome.set_result(self._kind.url.format(port=port))
        while (
            self._process
            and self._process.wait() is not None
            and not self._stopping.wait(RESTART_SECONDS)
        ):
            _log.warning("%s has died (see %s) and is started again", self._name, self._log)
            self._start(port)

    def _start_somewhere(self) -> int:
        """Start on a port that is free; on another one if somebody was quicker."""
        self._folder.mkdir(exist_ok=True)
        for _ in range(ATTEMPTS):
            port = _free_port()
            if self._start(port):
                return port
        raise CannotStart(
            f"{self._name} does not start ({_last_line(self._log)}): mend what {self._log} tells."
        )

    def _start(self, port: int) -> bool:
        with self._log.open("wb") as output:
            self._process = subprocess.Popen(
                self._kind.command(folder=self._folder, port=port, durable=self._durable),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for us: the servers go last
                # By SIGKILL, as the stand-in for MongoDB may hang in the shutdown that SIGTERM asks
                # for, and then nobody is left to end it. Nothing acknowledged is lost by it.
                preexec_fn=partial(die_with, parent=os.getpid(), by=signal.SIGKILL),  # noqa: PLW1509
            )
        if self._answers(self._process, port):
            return True
        _end(self._process)
        return False

    def _answers(self, process: "subprocess.Popen[bytes]", port: int) -> bool:
        """Wait until the server answers; False if it ended or takes too long."""
        deadline = time.monotonic() + START_SECONDS
        while (
            process.poll() is None
            and time.monotonic() < deadline
            and not self._stopping.wait(POLL_SECONDS)
        ):
            with suppress(OSError):
                if self._kind.answers(port) and process.poll() is None:
                    return True
        return False


def _end(process: "subprocess.Popen[bytes]") -> None:
    """See that a server that was asked to stop, or is of no use, ends; by force if it is slow."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)
    process.kill()
    process.wait()


def _free_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as probe:
        return int(probe.getsockname()[1])


def _without_password(url: str) -> str:
    return re.sub(r"(?<=//)([^@/]*):[^@/]*@", r"\1:***@", url)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].split(" (configured timeouts")[0]


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1].strip() if lines else "it says nothing"


def _main(command: list[str]) -> int:
    if not command:
        raise CannotStart(
            "Say what to run with the servers: python -m storychain.embedded -- COMMAND"
        )
    with at_hand():
        return subprocess.call(command, preexec_fn=partial(die_with, parent=os.getpid()))


if __name__ == "__main__":
    try:
        sys.exit(_main(sys.argv[2:] if sys.argv[1:2] == ["--"] else sys.argv[1:]))
    except CannotStart as error:
        sys.exit(str(error))
