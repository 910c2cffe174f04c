"""`manage.py up`: what `make run` runs."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from storychain.announcement import Site
from storychain.embedded import CannotStart
from storychain.stack import run_stack


class Command(BaseCommand):
    """Run the whole system until Ctrl-C or SIGTERM."""

    help = "Run everything (servers, web, workers, beat, relay) until Ctrl-C or SIGTERM."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Take `--bound`."""
        parser.add_argument(
            "--bound", action="store_true", help="stop as well when the parent process ends"
        )

    def handle(self, *, bound: bool, **_options: Any) -> None:
        """Run it; the exit code says whether it was stopped or failed."""
        try:
            raise SystemExit(run_stack(Site.of(settings), bound=bound))
        except CannotStart as error:
            raise SystemExit(str(error)) from None
