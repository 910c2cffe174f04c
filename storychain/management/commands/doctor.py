"""`manage.py doctor`: whether every part is well, and if not, what to do."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from rich.console import Console
from rich.table import Table

from storychain import embedded
from storychain.checkup import Finding, examine
from storychain.embedded_home import running_urls
from storychain.embedded_kinds import KINDS


class Command(BaseCommand):
    """Look at each part; exit with 1 if one is not well."""

    help = "Check each part and print what to do for each that fails; exit code 1 if any does."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Take `--json`."""
        parser.add_argument("--json", action="store_true", help="print the findings as JSON")

    def handle(self, **options: Any) -> None:
        """Examine, print, judge."""
        with _servers() as urls:
            findings = list(examine(urls))
        if options["json"]:
            self.stdout.write(json.dumps([asdict(finding) for finding in findings], indent=2))
        else:
            Console().print(_table(findings))
        if any(finding.mend for finding in findings):
            raise SystemExit(1)


@contextmanager
def _servers() -> Iterator[dict[str, str]]:
    """Yield the URLs of the servers that are there, or of embedded ones for as long as we look."""
    configured = {name: str(getattr(settings, name)) for name in KINDS}
    if running_urls(home=settings.STORYCHAIN_HOME) or len(embedded.given_urls()) == len(configured):
        yield configured
        return
    try:
        with embedded.servers(shared=False) as started:
            yield configured | started
    except embedded.CannotStart as error:
        raise SystemExit(str(error)) from None


def _table(findings: list[Finding]) -> Table:
    table = Table(
        "Part", "", "Found", "What to do", title="StoryChain's health", title_justify="left"
    )
    for finding in findings:
        mark = "[red]fails[/]" if finding.mend else "[green]well[/]"
        table.add_row(finding.part, mark, finding.found, finding.mend)
    return table
