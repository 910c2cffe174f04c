"""Shows how many jobs of each queue run at the same time, and what a machine bears."""

from argparse import ArgumentParser
from typing import IO, Any, cast

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.table import Table

from storychain.queues.plan import GUIDE, LEAST_MB, MACHINES, plan_for, read_profiles
from storychain.queues.topology import QUEUES


class Command(BaseCommand):
    """`manage.py worker_plan [--ram MB]`."""

    help = "Show the concurrency of each profile, and what the seed's formula gives for a RAM size."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the RAM to plan for."""
        parser.add_argument("--ram", type=int, metavar="MB", help="RAM of the machine in MB")

    def handle(self, *, ram: int | None, **_: Any) -> None:
        """Print the table and the guide."""
        plans = read_profiles()
        if ram is not None:
            if ram < LEAST_MB:
                raise CommandError(f"--ram {ram}: the five queues need {LEAST_MB} MB at least.")
            plans[f"{ram} MB"] = plan_for(ram_mb=ram)
        table = Table("Queue", *plans)
        for queue in QUEUES:
            table.add_row(queue, *(str(plan[queue]) for plan in plans.values()))
        table.add_row("all", *(str(sum(plan.values())) for plan in plans.values()))
        table.add_row("machine", *(MACHINES.get(plan, "") for plan in plans))
        console = Console(file=cast("IO[str]", self.stdout), width=120)
        console.print(table)
        console.print(f"STORYCHAIN_PROFILE is {settings.STORYCHAIN_PROFILE}.\n", highlight=False)
        console.print(GUIDE, highlight=False, markup=False)
