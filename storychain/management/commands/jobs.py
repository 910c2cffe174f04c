"""Shows the queues and their jobs, and acts on them."""

import signal
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
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
from storychain.queues import deadletters, desk
from storychain.queues.alerts import find_alerts
from storychain.queues.feed import JobEvent, follow_events
from storychain.queues.lookup import JobHistory, describe_run, look_up
from storychain.queues.presence import worker_health
from storychain.queues.records import STATES, get_job, list_jobs
from storychain.queues.registry import find_job
from storychain.queues.stats import stats
from storychain.queues.topology import QUEUES

COUNTS = ("waiting", "parked", "active", "delayed", "completed", "failed", "dead")
ACTIONS: dict[str, tuple[Callable[[str], str], str, str]] = {
    "retry": (deadletters.replay, "dead", "let dead or failed jobs wait again, or delayed ones go"),
    "discard": (deadletters.discard, "dead", "give up dead jobs for good"),
    "cancel": (desk.cancel_job, "waiting", "end jobs that wait; tell those that run to stop"),
}
EXAMPLES = """\
Examples:
  manage.py jobs stats
  manage.py jobs list notification dead --limit 100
  manage.py jobs show ID --json
  manage.py jobs retry ID ID
  manage.py jobs discard --all notification
  manage.py jobs enqueue maintenance.check_health '{}'

Exit codes: 0, or 1 if something was refused or a server does not answer; `alerts` also exits with 1
while there is one. Dead jobs that the ledger has lost: manage.py dead_letters."""


class Command(BaseCommand):
    """`manage.py jobs stats|list|show|progress|retry|discard|cancel|pause|resume|...`."""

    help = "Look at queues and jobs, and act on them."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare one sub-command for each verb."""
        show_examples(parser, EXAMPLES)
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

        def verb(name: str, text: str) -> ArgumentParser:
            added: ArgumentParser = verbs.add_parser(name, help=text, description=text)
            added.add_argument("--json", action="store_true", help="print JSON")
            return added

        verb("stats", "how many jobs are where, how old, how fast")
        verb("workers", "which workers run, as JSON")
        verb("alerts", "what somebody should look at; exits with 1 if there is something")
        verb("follow", "show what happens, until Ctrl-C or SIGTERM")
        listing = verb("list", "list the jobs of a queue: the next first, of ended ones the latest")
        listing.add_argument("queue", choices=QUEUES)
        listing.add_argument("state", choices=STATES)
        listing.add_argument("--limit", type=int, default=20, help="how many (default: 20)")
        listing.add_argument("--offset", type=int, default=0, help="how many to leave out first")
        verb("show", "show a job with its attempts, errors and log").add_argument("job_id")
        verb("progress", "show how far a job is").add_argument("job_id")
        for name, (_, state, text) in ACTIONS.items():
            acting = verb(name, text)
            acting.add_argument("job_ids", nargs="*", metavar="ID")
            acting.add_argument(
                "--all", choices=QUEUES, metavar="QUEUE", help=f"all of a queue that are {state}"
            )
        verb("pause", "let no job of a queue begin; those that run go on").add_argument(
            "queue", choices=QUEUES
        )
        verb("resume", "let a queue's jobs begin again").add_argument("queue", choices=QUEUES)
        enqueuing = verb("enqueue", "enqueue a job by its name, and print its id")
        enqueuing.add_argument("name")
        enqueuing.add_argument("payload", nargs="?", default="{}", help="a JSON object")

    def handle(self, **options: Any) -> None:
        """Do what the verb says; a condition or an outage becomes one line."""
        given = Namespace(**options)
        verb: Callable[[Namespace], None] = getattr(self, f"_{given.verb}", self._act)
        with in_one_line():
            verb(given)

    def _stats(self, given: Namespace) -> None:
        rows = stats()
        if given.json:
            print_json(self, rows)
            return
        columns = ["Queue", *COUNTS, "oldest", "a second", "p50", "p95", "p99"]
        print_rows(self.stdout, columns, [_describe_queue(row) for row in rows])

    def _list(self, given: Namespace) -> None:
        if given.limit < 1 or given.offset < 0:
            raise CommandError("--limit is to be 1 or more, --offset 0 or more.")
        found = list_jobs(
            queue=given.queue, state=given.state, offset=given.offset, limit=given.limit
        )
        if given.json:
            print_json(self, found)
            return
        rows = [
            [
                job.id,
                job.name,
                job.state,
                f"{job.attempt}/{job.attempts}",
                job.at,
                (job.error or "")[:60],
            ]
            for job in found
        ]
        print_rows(self.stdout, ["Id", "Job", "State", "Attempt", "Enqueued (ms)", "Error"], rows)

    def _show(self, given: Namespace) -> None:
        print_json(self, _describe(look_up(given.job_id)))

    def _progress(self, given: Namespace) -> None:
        job = get_job(given.job_id)
        done, _, total = (job.progress or "").partition("/")
        if given.json:
            shown = {"done": int(done), "total": int(total)} if done else None
            print_json(self, {"id": job.id, "state": job.state, "progress": shown})
        else:
            said = f"{done} of {total}" if done else "it has not said how far it is"
            self.stdout.write(f"{job.state}: {said}")

    def _workers(self, _: Namespace) -> None:
        print_json(self, worker_health())

    def _alerts(self, given: Namespace) -> None:
        found = find_alerts()
        if given.json:
            print_json(self, [alert._asdict() for alert in found])
        else:
            for alert in found:
                self.stdout.write(f"{alert.queue}: {alert.kind}: {alert.detail}")
        if found:
            sys.exit(1)

    def _follow(self, given: Namespace) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: sys.exit(0))
        for event in filter(None, follow_events()):
            self.stdout.write(_say(event, as_json=given.json))
            self.stdout.flush()  # also into a pipe, at once

    def _pause(self, given: Namespace) -> None:
        desk.pause_queue(given.queue)
        self._tell_paused(given, is_paused=True)

    def _resume(self, given: Namespace) -> None:
        desk.resume_queue(given.queue)
        self._tell_paused(given, is_paused=False)

    def _tell_paused(self, given: Namespace, *, is_paused: bool) -> None:
        if given.json:
            print_json(self, {"queue": given.queue, "paused": is_paused})
        else:
            self.stdout.write(f"{given.queue} is {'paused' if is_paused else 'not paused'}")

    def _enqueue(self, given: Namespace) -> None:
        try:
            payload = msgspec.json.decode(given.payload, type=dict[str, Any])
        except msgspec.DecodeError as error:
            raise CommandError(f"The payload is to be a JSON object: {error}") from error
        job_id = find_job(given.name).enqueue(**payload)
        if given.json:
            print_json(self, {"id": job_id})
        else:
            self.stdout.write(job_id)

    def _act(self, given: Namespace) -> None:
        action, state, _ = ACTIONS[given.verb]
        if bool(given.job_ids) == bool(given.all):
            raise CommandError("Name jobs by their ids, or all of a queue with --all QUEUE.")
        if given.all:
            count = desk.act_on_all(queue=given.all, state=state, action=action)
            if given.json:
                print_json(self, {"queue": given.all, "state": state, "done": count})
            else:
                self.stdout.write(f"{given.verb}: {count} {state} jobs of {given.all} done")
            return
        done, refused = desk.act_on_each(given.job_ids, action=action)
        tell_done(self, verb=given.verb, done=done, refused=refused, as_json=given.json)


def _say(event: JobEvent, *, as_json: bool) -> str:
    if as_json:
        return msgspec.json.encode(event).decode()
    return f"{event.event:10} {event.queue:13} {event.count:5} {' '.join(event.job_ids)}"


def _describe_queue(row: dict[str, Any]) -> list[str]:
    name = f"{row['name']} (paused)" if row["paused"] else row["name"]
    counts = [f"{row[count]:,}" for count in COUNTS]
    times = [f"{row['run_time'][p]:.3g} s" for p in ("p50", "p95", "p99")]
    return [name, *counts, f"{row['oldest_age']:.0f} s", f"{row['rate']:.3g}", *times]


def _describe(found: JobHistory) -> dict[str, Any]:
    letter = found.letter
    return {
        "job": found.job,
        "runs": [describe_run(run) for run in found.runs],
        "log": found.log,
        "dead_letter": letter and {"status": letter.status, "died_at": letter.died_at},
    }
