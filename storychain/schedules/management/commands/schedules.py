"""manage.py schedules list | next: what runs by itself, and when."""

from datetime import datetime
from heapq import merge
from itertools import islice
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone
from rich.console import Console
from rich.table import Table

from storychain.schedules.rows import describe_timing, list_rows
from storychain.schedules.slots import find_next_slot, walk_slots

WIDE = 160  # columns where no terminal says how many there are


class Command(BaseCommand):
    """Shows the schedules as they are in force; times are UTC."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what to show."""
        shows = parser.add_subparsers(dest="show", required=True)
        shows.add_parser("list", help="every schedule, on or off")
        ahead = shows.add_parser("next", help="the runs to come, the first first")
        ahead.add_argument("--count", type=int, default=10, help="how many (10)")

    def handle(self, *_: Any, show: str, count: int = 10, **__: Any) -> None:
        """Print a table."""
        now = timezone.now()
        table = _list_all(now) if show == "list" else _list_ahead(now, count)
        width = None if self.stdout.isatty() else WIDE
        Console(file=self.stdout, width=width).print(table)  # type: ignore[arg-type]


def _list_all(now: datetime) -> Table:
    table = Table("Schedule", "On", "When", "Job", "Last run", "Next run")
    for row in list_rows():
        ahead = find_next_slot(row, after=now) if row.enabled else None
        table.add_row(
            row.name,
            "yes" if row.enabled else "no",
            describe_timing(row),
            row.task,
            _show(row.last_run_at),
            _show(ahead),
        )
    return table


def _list_ahead(now: datetime, count: int) -> Table:
    table = Table("Next run", "Schedule", "Job")
    rows = list_rows(enabled=True)
    runs = merge(
        *(
            [(slot, row.name, row.task) for slot in islice(walk_slots(row, after=now), count)]
            for row in rows
        )
    )
    for slot, name, job in islice(runs, count):
        table.add_row(_show(slot), name, job)
    return table


def _show(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}" if moment else "-"
