"""Count what people read before it was counted, by their reading histories; safe at any time.

manage.py backfill_reads
"""

from typing import Any

from django.core.management.base import BaseCommand

from apps.reading.backfilling import backfill
from storychain.management.progress import show_progress


class Command(BaseCommand):
    """`manage.py backfill_reads`."""

    help = "Count what people read before it was counted; safe at any time, and twice."

    def handle(self, *_: Any, **__: Any) -> None:
        """Do so, and say how many reads were not, or not wholly, counted."""
        with show_progress("Histories") as report:
            counted = backfill(report=report)
        self.stdout.write(f"{counted:,} brought up to date")
