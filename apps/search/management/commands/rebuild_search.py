"""Bring the search index up to date with everything that MongoDB has; safe at any time.

manage.py rebuild_search
"""

from typing import Any

from django.core.management.base import BaseCommand

from apps.search.services import rebuild
from storychain.management.progress import show_progress


class Command(BaseCommand):
    """`manage.py rebuild_search`."""

    help = "Bring the search index up to date with everything; safe at any time."

    def handle(self, *_: Any, **__: Any) -> None:
        """Do so, and say how much was not."""
        with show_progress("Indexing") as report:
            changed = rebuild(report=report)
        self.stdout.write(f"{changed:,} brought up to date")
