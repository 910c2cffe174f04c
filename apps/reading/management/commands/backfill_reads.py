"""Count what people read before it was counted, by their reading histories; safe at any time.

manage.py backfill_reads
"""

import sys
from typing import Any

from django.core.management.base import BaseCommand
from rich.console import Console
from rich.progress import Progress

from apps.reading.backfilling import backfill


class Command(BaseCommand):
    """`manage.py backfill_reads`."""

    help = "Count what people read before it was counted; safe at any time, and twice."

    def handle(self, *_: Any, **__: Any) -> None:
        """Do so, and say how many reads were not, or not wholly, counted."""
        console = Console(file=sys.stderr)
        with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task("Histories", total=None)
            counted = backfill(
                report=lambda done, total: bar.update(task, completed=done, total=total)
            )
        self.stdout.write(f"{counted:,} brought up to date")
