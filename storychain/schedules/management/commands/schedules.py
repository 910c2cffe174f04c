"""manage.py schedules list | next | run | history | set: what runs when, and how it went.

Times are UTC. Exit codes: 0 done, 1 refused with the reason, 2 not understood, 3 `run --wait` saw
the run fail.
"""

import json
import time
from argparse import ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter
from collections.abc import Iterator
from datetime import datetime
from heapq import merge
from itertools import islice
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, InterfaceError
from django_celery_beat.models import PeriodicTask
from rich.console import Console
from rich.table import Table

from storychain.errors import StorychainError
from storychain.schedules.clock import clock
from storychain.schedules.editing import edit_schedule
from storychain.schedules.following import follow_runs
from storychain.schedules.history import get_row, list_runs, look_at
from storychain.schedules.models import OPEN, Slot, State
from storychain.schedules.rows import describe_timing, list_rows
from storychain.schedules.sending import run_now
from storychain.schedules.slots import walk_slots

MEND = "Is DATABASE_URL right, and was `manage.py prepare` run?"
WIDE = 160  # columns where no terminal says how many there are
FAILED = 3
MOST = 100_000
LOOK_SECONDS = 0.2
Rows = list[dict[str, Any]]


class Command(BaseCommand):
    """Shows and drives the schedules as they are in force."""

    help = __doc__

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Keep the lines of the help as they are."""
        return super().create_parser(
            prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, **kwargs
        )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what to do."""
        acts = parser.add_subparsers(dest="act", required=True, metavar="list|next|run|history|set")
        _take(acts.add_parser("list", help="every schedule, on or off"))
        ahead = _take(acts.add_parser("next", help="the runs to come, the first first"))
        ahead.add_argument("--count", type=_positive, default=10, help="how many (10)")
        ahead.add_argument("--name", help="of one schedule")
        run = _take(acts.add_parser("run", help="run one now; its times stay as they are"))
        run.add_argument("name", help="the schedule")
        run.add_argument(
            "--wait", type=_positive, metavar="SECONDS", default=0, help="wait for its end, at most"
        )
        past = _take(acts.add_parser("history", help="what was run and missed, the latest first"))
        past.add_argument("name", nargs="?", default="", help="of one schedule")
        past.add_argument("--outcome", choices=State.values, default="", help="only such")
        past.add_argument("--count", type=_positive, default=20, help="how many (20)")
        _add_set(_take(acts.add_parser("set", help="change a schedule, or with --job make one")))

    def handle(self, *_: Any, act: str, **options: Any) -> None:
        """Do it; what is refused ends with a line that says why."""
        try:
            rows = getattr(self, f"_{act}")(**options)
        except StorychainError as error:
            raise CommandError(error.detail) from None
        except (DatabaseError, InterfaceError) as error:
            raise CommandError(f"SQL cannot be asked ({error}). {MEND}") from None
        if options["json"]:
            self.stdout.write(json.dumps(rows, indent=2, default=_plain))
        else:
            self._print(rows)
        if act == "run" and options["wait"] and rows[0]["outcome"] != State.COMPLETED:
            raise CommandError(f"It {rows[0]['outcome']}. {rows[0]['error']}", returncode=FAILED)

    def _list(self, **_: Any) -> Rows:
        return [
            {
                "schedule": seen.row.name,
                "on": seen.row.enabled,
                "when": describe_timing(seen.row),
                "job": seen.row.task,
                "next_run": seen.next_run,
                "last_run": seen.last_run.due_at if seen.last_run else None,
                "outcome": seen.last_run.state if seen.last_run else None,
                "seconds": seen.last_run.duration if seen.last_run else None,
                "to_look_at": " ".join(f"{alert.kind}: {alert.detail}" for alert in seen.alerts),
            }
            for seen in look_at(list_rows(), now=clock().now())
        ]

    def _next(self, *, count: int, name: str | None, **_: Any) -> Rows:
        now = clock().now()
        rows = [get_row(name)] if name else list_rows(enabled=True)
        runs = merge(*(_walk_runs(row, now) for row in rows if row.enabled))
        return [
            {"next_run": slot, "schedule": name, "job": job}
            for slot, name, job in islice(runs, count)
        ]

    def _run(self, *, name: str, wait: float, **_: Any) -> Rows:
        slot = run_now(get_row(name), now=clock().now())
        end = time.monotonic() + wait
        while slot.state in OPEN and time.monotonic() < end:
            time.sleep(LOOK_SECONDS)
            follow_runs(now=clock().now())
            slot.refresh_from_db()
        return [_describe(slot)]

    def _history(self, *, name: str, outcome: str, count: int, **_: Any) -> Rows:
        found = list_runs(name=name, outcome=outcome, count=count)
        if name and not found:
            get_row(name)
        return [_describe(slot) for slot in found]

    def _set(self, *, name: str, **options: Any) -> Rows:
        row = edit_schedule(name=name, said=options)
        return [seen for seen in self._list() if seen["schedule"] == row.name]

    def _print(self, rows: Rows) -> None:
        table = Table(*(name.replace("_", " ").capitalize() for name in (rows or [{"none": 0}])[0]))
        for row in rows:
            table.add_row(*(_show(value) for value in row.values()))
        width = None if self.stdout.isatty() else WIDE
        Console(file=self.stdout, width=width).print(table)  # type: ignore[arg-type]


def _walk_runs(row: PeriodicTask, now: datetime) -> Iterator[tuple[datetime, str, str]]:
    return ((slot, row.name, row.task) for slot in walk_slots(row, after=now))


def _take(parser: ArgumentParser) -> ArgumentParser:
    parser.add_argument("--json", action="store_true", help="JSON instead of a table")
    return parser


def _add_set(parser: ArgumentParser) -> None:
    parser.add_argument("name", help="the schedule")
    parser.add_argument("--job", dest="task", help="what it runs; makes a new one where none is")
    parser.add_argument("--cron", help='as in "*/5 * * * *"')
    parser.add_argument("--zone", help="its time zone, as Europe/Berlin")
    parser.add_argument("--args", dest="kwargs", help="a JSON object of what the job takes")
    parser.add_argument("--grace", help="seconds for which a missed run is caught up")
    parser.add_argument("--longest", help="seconds after which a run raises an alert")
    parser.add_argument("--description", help="what it is for")
    switch = parser.add_mutually_exclusive_group()
    switch.add_argument("--on", dest="enabled", action="store_true", default=None)
    switch.add_argument("--off", dest="enabled", action="store_false")


def _describe(slot: Slot) -> dict[str, Any]:
    return {
        "slot": slot.due_at,
        "schedule": slot.schedule,
        "outcome": slot.state,
        "started_at": slot.started_at,
        "duration": slot.duration,
        "attempts": slot.attempts,
        "by_hand": slot.is_manual,
        "job_id": slot.job_id,
        "error": slot.error,
    }


def _positive(text: str) -> int:
    if text.isdecimal() and 0 < int(text) <= MOST:
        return int(text)
    raise ArgumentTypeError(f"{text!r} is no whole number from 1 to {MOST:,}")


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _show(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, float):
        return f"{value:.2f} s"
    return {None: "-", True: "yes", False: "no"}.get(value, str(value))  # type: ignore[call-overload,no-any-return]
