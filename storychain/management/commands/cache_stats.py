"""Shows how the cache does, summed over all processes and per region."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.table import Table

from storychain.cache.stats import stats

COLUMNS = ("hits", "misses", "stale", "bypass", "errors", "hitRate")


class Command(BaseCommand):
    """Prints a table, or with --json what the table was made of."""

    help = "Show hits, misses and hit rate of the cache, over all processes and per region."

    def add_arguments(self, parser: CommandParser) -> None:
        """Offer JSON."""
        parser.add_argument("--json", action="store_true", help="print JSON instead of a table")

    def handle(self, *, json: bool, **_: Any) -> None:
        """Print the figures; exit 1 when the cache's Redis does not answer."""
        figures = stats()
        if json:
            self.stdout.write(_as_json(figures))
        elif figures["connected"]:
            Console(file=self.stdout).print(_as_table(figures))  # type: ignore[arg-type]
        if not figures["connected"]:
            raise CommandError(
                "The cache's Redis does not answer: start it, or mend REDIS_CACHE_URL."
            )


def _as_json(figures: dict[str, Any]) -> str:
    return json.dumps(figures, indent=2)


def _as_table(figures: dict[str, Any]) -> Table:
    table = Table("region", *COLUMNS)
    for name, counts in (*figures["regions"].items(), ("all", figures)):
        table.add_row(name, *(str(counts[column]) for column in COLUMNS))
    return table
