"""The whole system as one: what it stands on, then the processes of the Procfile, until the end.

`run_stack` is `manage.py up`:
1. The port is free, and every server that the environment names answers.
2. The embedded servers start; they stop last.
3. `manage.py supervise` runs on them, with their URLs in its environment.

`run_processes` is `manage.py supervise`:
4. What all processes share is loaded, once.
5. `manage.py prepare` makes the databases ready.
6. The processes of the Procfile run as forks of this one; one that dies starts again.
7. When /readyz says so, a box tells where everything is.
"""

import errno
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Thread

from django.core.management import call_command

from storychain import embedded
from storychain.announcement import Site, announce
from storychain.embedded import CannotStart
from storychain.forking import STOP_SIGNALS, fork
from storychain.supervision import Supervisor, preload

ROOT = Path(__file__).resolve().parent.parent


def run_stack(site: Site, *, bound: bool = False) -> int:
    """Run everything until SIGINT or SIGTERM, which are no failure; return the exit code.

    `bound`: stop as well when the process that started us ends. Raises CannotStart.
    """
    if bound:
        embedded.die_with(parent=os.getppid())
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    check_port(site)
    embedded.check_reachable(embedded.given_urls())
    with suppress(KeyboardInterrupt), embedded.servers() as started:
        os.environ |= started
        return _supervise(with_demo="MONGODB_URI" in started)
    return 0


def run_processes(site: Site, *, with_demo: bool, modules: Iterable[str]) -> None:
    """Run the Procfile until SIGINT or SIGTERM; `modules` are loaded once, for all processes."""
    os.environ |= {"HOST": site.host, "PORT": str(site.port), "PATH": _path()}
    preload(modules)
    _prepare(with_demo=with_demo)
    supervisor = Supervisor(ROOT / "Procfile")
    supervisor.start()
    Thread(target=announce, args=(site,), daemon=True).start()
    supervisor.run()


def check_port(site: Site) -> None:
    """Raise CannotStart if the site cannot be served there."""
    try:
        socket.create_server((site.host, site.port)).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise CannotStart(
                f"Port {site.port} is in use: stop what uses it, "
                f"or choose another one, as in `PORT={site.port + 1} make run`."
            ) from None
        raise CannotStart(
            f"HOST={site.host!r} with PORT={site.port} cannot be served ({error.strerror}): "
            "mend them."
        ) from None


def _supervise(*, with_demo: bool) -> int:
    """Run `manage.py supervise` to its end; hand it every signal to stop."""
    command = [sys.executable, str(ROOT / "manage.py"), "supervise"]
    child = subprocess.Popen(
        command + ["--demo"] * with_demo,
        preexec_fn=partial(embedded.die_with, parent=os.getpid()),  # noqa: PLW1509 - calls prctl(2) only
    )
    for number in STOP_SIGNALS:
        signal.signal(number, lambda *_: child.terminate())
    return child.wait()


def _path() -> str:
    """Return a PATH on which the commands of the Procfile are those of this virtual environment."""
    programs = str(Path(sys.executable).parent)
    return os.pathsep.join([programs, os.environ.get("PATH", os.defpath)])


def _prepare(*, with_demo: bool) -> None:
    """Prepare the databases in a fork, so that no connection of ours is left open here."""
    command = partial(call_command, "prepare", demo=with_demo)
    _, status = os.waitpid(fork(command, name="prepare"), 0)
    if status:
        sys.exit(os.waitstatus_to_exitcode(status))  # it has said why
