"""Shows dead jobs, also those that the ledger has lost, and replays or discards them."""

from argparse import ArgumentParser
from typing import IO, Any, cast

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.table import Table

from storychain.errors import StorychainError
from storychain.queues.deadletters import discard, list_dead_letters, replay
from storychain.queues.topology import QUEUES

ACTIONS = {"replay": replay, "discard": discard}
EVERY = 1_000_000


class Command(BaseCommand):
    """`manage.py dead_letters list|replay|discard`."""

    help = "Look at jobs that came to nothing; replay or discard them."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare one sub-command for each verb."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        listing = verbs.add_parser("list", help="the latest first")
        listing.add_argument("--queue", choices=QUEUES)
        listing.add_argument("--status", choices=("dead", "replayed", "discarded"), default="dead")
        listing.add_argument("--limit", type=int, default=20)
        for verb in ACTIONS:
            acting = verbs.add_parser(verb, help=f"{verb} one, or all")
            target = acting.add_mutually_exclusive_group(required=True)
            target.add_argument("job_id", nargs="?")
            target.add_argument("--all", action="store_true")

    def handle(self, *, verb: str, **given: Any) -> None:
        """Do what the verb says; a condition becomes one line."""
        try:
            self._list(**given) if verb == "list" else self._act(verb, **given)
        except StorychainError as error:
            raise CommandError(error.detail) from error

    def _list(self, *, queue: str | None, status: str, limit: int, **_: Any) -> None:
        table = Table("Id", "Queue", "Job", "Died", "Error")
        for letter in list_dead_letters(status=status, queue=queue, limit=limit):
            died = f"{letter.died_at:%Y-%m-%d %H:%M:%S}"
            error = str(letter.error or "")[:60]  # type: ignore[truthy-bool] # a value, not the field
            table.add_row(letter.job_id, letter.queue, letter.name, died, error)
        Console(file=cast("IO[str]", self.stdout), width=140).print(table)

    def _act(self, verb: str, *, job_id: str | None, **_: Any) -> None:
        ids = [job_id] if job_id else [letter.job_id for letter in list_dead_letters(limit=EVERY)]
        for each in ids:
            ACTIONS[verb](each)
        self.stdout.write(f"{len(ids)} dead letters: {verb}")
