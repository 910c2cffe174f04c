"""Shows the queues and their jobs, and acts on them."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from typing import IO, Any, cast

import msgspec
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.table import Table

from storychain.errors import StorychainError
from storychain.queues import desk
from storychain.queues.alerts import find_alerts
from storychain.queues.feed import follow_events
from storychain.queues.presence import worker_health
from storychain.queues.records import STATES, get_job, list_jobs, read_log
from storychain.queues.registry import find_job
from storychain.queues.stats import stats
from storychain.queues.topology import QUEUES

COUNTS = ("waiting", "active", "delayed", "completed", "failed", "dead")
ACTIONS = {"retry": desk.retry_job, "discard": desk.discard_job, "cancel": desk.cancel_job}
STATE_OF_ALL = {"retry": "dead", "discard": "dead", "cancel": "waiting"}


class Command(BaseCommand):
    """`manage.py jobs stats|list|show|retry|discard|cancel|pause|resume|enqueue|workers|follow`."""

    help = "Look at queues and jobs, and act on them."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare one sub-command for each verb."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("stats", help="how many jobs are where")
        verbs.add_parser("workers", help="which workers run, as JSON")
        verbs.add_parser("alerts", help="what somebody should look at")
        verbs.add_parser("follow", help="show what happens, until Ctrl-C")
        listing = verbs.add_parser("list", help="list the jobs of a queue")
        listing.add_argument("queue", choices=QUEUES)
        listing.add_argument("state", choices=STATES)
        listing.add_argument("--limit", type=int, default=20)
        verbs.add_parser("show", help="show a job and its log").add_argument("job_id")
        for verb in ACTIONS:
            acting = verbs.add_parser(
                verb, help=f"{verb} a job, or all of a queue that are {STATE_OF_ALL[verb]}"
            )
            target = acting.add_mutually_exclusive_group(required=True)
            target.add_argument("job_id", nargs="?")
            target.add_argument("--all", choices=QUEUES, metavar="QUEUE")
        for verb in ("pause", "resume"):
            verbs.add_parser(verb, help=f"{verb} a queue").add_argument("queue", choices=QUEUES)
        enqueuing = verbs.add_parser("enqueue", help="enqueue a job by its name")
        enqueuing.add_argument("name")
        enqueuing.add_argument("payload", nargs="?", default="{}", help="a JSON object")

    def handle(self, **options: Any) -> None:
        """Do what the verb says; a condition becomes one line."""
        given = Namespace(**options)
        verb: Callable[[Namespace], None] = getattr(self, f"_{given.verb}", self._act)
        try:
            verb(given)
        except StorychainError as error:
            raise CommandError(error.detail) from error

    def _stats(self, _: Namespace) -> None:
        table = Table("Queue", *COUNTS, "oldest", "p50", "p95", "p99")
        for row in stats():
            times = (f"{row['run_time'][p]:.3g} s" for p in ("p50", "p95", "p99"))
            name = f"{row['name']} (paused)" if row["paused"] else row["name"]
            counts = (f"{row[count]:,}" for count in COUNTS)
            table.add_row(name, *counts, f"{row['oldest_age']:.0f} s", *times)
        self._print(table)

    def _list(self, given: Namespace) -> None:
        table = Table("Id", "Job", "Attempt", "Enqueued (ms)", "Error")
        for job in list_jobs(queue=given.queue, state=given.state, limit=given.limit):
            tries = f"{job.attempt}/{job.attempts}"
            table.add_row(job.id, job.name, tries, str(job.at), (job.error or "")[:60])
        self._print(table)

    def _show(self, given: Namespace) -> None:
        shown = {"job": get_job(given.job_id), "log": read_log(given.job_id)}
        self._json(shown)

    def _workers(self, _: Namespace) -> None:
        self._json(worker_health())

    def _alerts(self, _: Namespace) -> None:
        for alert in find_alerts():
            self.stdout.write(f"{alert.queue}: {alert.kind}: {alert.detail}")

    def _follow(self, _: Namespace) -> None:
        for event in follow_events():
            if event:
                ids = " ".join(event.job_ids)
                self.stdout.write(f"{event.event:10} {event.queue:13} {event.count:5} {ids}")

    def _pause(self, given: Namespace) -> None:
        desk.pause_queue(given.queue)

    def _resume(self, given: Namespace) -> None:
        desk.resume_queue(given.queue)

    def _enqueue(self, given: Namespace) -> None:
        try:
            payload = msgspec.json.decode(given.payload, type=dict[str, Any])
        except msgspec.DecodeError as error:
            raise CommandError(f"The payload is to be a JSON object: {error}") from error
        self.stdout.write(find_job(given.name).enqueue(**payload))

    def _act(self, given: Namespace) -> None:
        action, state = ACTIONS[given.verb], STATE_OF_ALL[given.verb]
        if given.all:
            done = desk.act_on_all(queue=given.all, state=state, action=action)
            self.stdout.write(f"{done} {state} jobs of {given.all}: {given.verb}")
        else:
            self.stdout.write(f"It was {action(given.job_id)}.")

    def _print(self, table: Table) -> None:
        Console(file=cast("IO[str]", self.stdout), width=140).print(table)

    def _json(self, shown: object) -> None:
        self.stdout.write(msgspec.json.format(msgspec.json.encode(shown)).decode())
