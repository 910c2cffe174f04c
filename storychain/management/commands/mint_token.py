"""Prints a session token of the local key set, to call the API with."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from storychain.api.authentication import mint_token
from storychain.errors import StorychainError


class Command(BaseCommand):
    """`manage.py mint_token USER [--minutes N] [--email ADDRESS]`."""

    help = "Print a session token for USER, signed with the local key set (not where Clerk is set)."

    def add_arguments(self, parser: CommandParser) -> None:
        """Ask for the user, and for how long."""
        parser.add_argument("user", metavar="USER", help="the id that the user has, or shall have")
        parser.add_argument(
            "--minutes", type=float, default=60, help="how long the token holds (default: 60)"
        )

        parser.add_argument("--email", help="the address that the account has, or shall have")

    def handle(
        self, *_args: Any, user: str, minutes: float, email: str | None, **_options: Any
    ) -> None:
        """Print the token alone, so that a shell can take it."""
        try:
            self.stdout.write(mint_token(user_id=user, minutes=minutes, email=email))
        except StorychainError as error:
            raise CommandError(error.detail) from error
