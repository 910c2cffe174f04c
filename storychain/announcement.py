"""Waits until the system can be used, then tells where everything is."""

import os
import socket
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import psutil
from rich.console import Console
from rich.panel import Panel
from rich.table import Table

POLL_SECONDS = 0.1
ANSWER_SECONDS = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """Where the system is to be: its data, what it binds, and how the world names it."""

    home: Path
    host: str
    port: int
    public_url: str

    @classmethod
    def of(cls, settings: Any) -> Self:
        """Return where Django's settings say."""
        return cls(
            home=settings.STORYCHAIN_HOME,
            host=settings.HOST,
            port=settings.PORT,
            public_url=settings.PUBLIC_URL,
        )


def announce(site: Site) -> None:
    """Wait for /readyz, however long it takes; then print a box of addresses and first steps."""
    began_at = psutil.Process(os.getppid()).create_time()
    while not _is_ready(site):
        time.sleep(POLL_SECONDS)
    console = Console(file=sys.stdout)
    with console.capture() as box:
        console.print(_box(site, seconds=time.time() - began_at))
    sys.stdout.write(box.get())  # in one piece, among the lines of the others
    sys.stdout.flush()


def _is_ready(site: Site) -> bool:
    """Ask by hand: a library would cost this small process as much memory as all the rest."""
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - asked, not bound
    host = everywhere.get(site.host, site.host)
    with (
        suppress(OSError),
        socket.create_connection((host, site.port), timeout=ANSWER_SECONDS) as connection,
    ):
        connection.sendall(b"GET /readyz HTTP/1.0\r\nHost: localhost\r\n\r\n")
        return connection.recv(64).split(b" ")[1:2] == [b"200"]
    return False


def _box(site: Site, *, seconds: float) -> Panel:
    rows = Table.grid(padding=(0, 2))
    rows.add_column(style="bold", no_wrap=True)
    rows.add_column(overflow="fold")
    for name, text in _facts(site):
        rows.add_row(name, text)
    return Panel(
        rows, title=f"StoryChain is ready after {seconds:.1f} s", title_align="left", expand=False
    )


def _facts(site: Site) -> list[tuple[str, str]]:
    return [
        ("API", f"{site.public_url}/api/v1/docs"),
        ("Admin", f"{site.public_url}/admin/  {_login(site)}"),
        ("Operations", f"{site.public_url}/ops/"),
        ("Health", f"{site.public_url}/health"),
        ("A token", ".venv/bin/python manage.py mint_token ada"),
        ("A novel", ".venv/bin/python manage.py import_story FILE --author ada"),
        ("Data", str(site.home)),
        ("Stop", "Ctrl-C"),
    ]


def _login(site: Site) -> str:
    """Return the first login, as long as its password is the one that was generated."""
    with suppress(OSError):
        name, _, password = (site.home / "admin-login").read_text().partition(":")
        return f"as {name} with {password}"
    return "with your own login"
