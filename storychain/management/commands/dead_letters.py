"""Shows dead jobs, also those that the ledger has lost, and replays or discards them."""

from argparse import ArgumentParser, Namespace
from typing import Any

import msgspec
from django.core.management.base import BaseCommand, CommandError

from storychain.management.mending import (
    in_one_line,
    print_json,
    print_rows,
    show_examples,
    tell_done,
)
from storychain.queues import desk
from storychain.queues.deadletters import (
    DeadLetter,
    discard,
    list_dead_ids,
    list_dead_letters,
    replay,
)
from storychain.queues.topology import QUEUES

STATUSES = ("dead", "replayed", "discarded")
ACTIONS = {"replay": replay, "discard": discard}
EXAMPLES = """\
Examples:
  manage.py dead_letters list --queue export
  manage.py dead_letters replay ID ID
  manage.py dead_letters discard --all --queue notification

Exit codes: 0, or 1 if something was refused or a server does not answer."""


class Command(BaseCommand):
    """`manage.py dead_letters list|replay|discard`."""

    help = "Look at jobs that came to nothing; replay or discard them."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare one sub-command for each verb."""
        show_examples(parser, EXAMPLES)
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
        listing = verbs.add_parser("list", help="list them, the latest first")
        listing.add_argument("--status", choices=STATUSES, default="dead")
        listing.add_argument("--limit", type=int, default=20, help="how many (default: 20)")
        for verb in ACTIONS:
            acting = verbs.add_parser(verb, help=f"{verb} some, or all")
            acting.add_argument("job_ids", nargs="*", metavar="ID")
            acting.add_argument("--all", action="store_true", help="all that are dead")
        for each in verbs.choices.values():
            each.add_argument("--queue", choices=QUEUES, help="only those of this queue")
            each.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, **options: Any) -> None:
        """Do what the verb says; a condition or an outage becomes one line."""
        given = Namespace(**options)
        with in_one_line():
            self._list(given) if given.verb == "list" else self._act(given)

    def _list(self, given: Namespace) -> None:
        if given.limit < 1:
            raise CommandError("--limit is to be 1 or more.")
        letters = list_dead_letters(status=given.status, queue=given.queue, limit=given.limit)
        if given.json:
            print_json(self, [_describe(letter) for letter in letters])
            return
        rows = [
            [
                letter.job_id,
                letter.queue,
                letter.name,
                f"{letter.died_at:%Y-%m-%d %H:%M:%S}",
                str(letter.error or "")[:60],  # type: ignore[truthy-bool] # a value, not the field
            ]
            for letter in letters
        ]
        print_rows(self.stdout, ["Id", "Queue", "Job", "Died", "Error"], rows)

    def _act(self, given: Namespace) -> None:
        if bool(given.job_ids) == given.all or (given.queue and not given.all):
            raise CommandError("Name jobs by their ids, or take --all, of one --queue if wanted.")
        ids = given.job_ids or list_dead_ids(queue=given.queue)
        done, refused = desk.act_on_each(ids, action=ACTIONS[given.verb])
        tell_done(self, verb=given.verb, done=done, refused=refused, as_json=given.json)


def _describe(letter: DeadLetter) -> dict[str, Any]:
    return {
        "id": letter.job_id,
        "queue": letter.queue,
        "name": letter.name,
        "args": msgspec.Raw(str(letter.args).encode()),
        "attempts": letter.attempts,
        "error": letter.error,
        "status": letter.status,
        "died_at": letter.died_at,
        "log": msgspec.Raw(str(letter.log).encode()),
    }
