"""Count anew what people have written, with the points, levels and badges that follow from it.

manage.py recount_stats              # everybody
manage.py recount_stats user_2x9k    # these
"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from apps.users.queries import list_members
from apps.users.tallies import recount


class Command(BaseCommand):
    """`manage.py recount_stats`."""

    help = "Count anew what people have written; safe at any time."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take people's ids."""
        parser.add_argument("users", nargs="*", metavar="USER", help="ids; without any, everybody")

    def handle(self, *_args: Any, users: list[str], **_options: Any) -> None:
        """Recount and tell how many were wrong."""
        mended = [user for user in users or list_members() if recount(user_id=user)]
        for user in mended:
            self.stdout.write(f"mended {user}")
        self.stdout.write(f"{len(mended)} mended")
