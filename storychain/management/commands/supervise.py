"""`manage.py supervise`: the processes of the Procfile, on servers that are there."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from storychain.announcement import Site
from storychain.stack import run_processes


class Command(BaseCommand):
    """Prepare the databases and run the processes of the Procfile."""

    help = (
        "Run the processes of the Procfile until Ctrl-C or SIGTERM (`up` brings the servers too)."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Take `--demo`."""
        parser.add_argument("--demo", action="store_true", help="load the demo story, once ever")

    def handle(self, *, demo: bool, **_options: Any) -> None:
        """Run them."""
        run_processes(Site.of(settings), with_demo=demo, modules=settings.PRELOADED)
