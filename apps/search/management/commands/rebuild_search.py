"""Bring the search index up to date with everything that MongoDB has; safe at any time.

manage.py rebuild_search
"""

import sys
from typing import Any

from django.core.management.base import BaseCommand
from rich.console import Console
from rich.progress import Progress

from apps.search.services import rebuild


class Command(BaseCommand):
    """`manage.py rebuild_search`."""

    help = "Bring the search index up to date with everything; safe at any time."

    def handle(self, *_: Any, **__: Any) -> None:
        """Do so, and say how much was not."""
        console = Console(file=sys.stderr)
        with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task("Indexing", total=None)
            changed = rebuild(
                report=lambda done, total: bar.update(task, completed=done, total=max(done, total))
            )
        self.stdout.write(f"{changed:,} brought up to date")
