"""Make somebody the platform's super admin, of whom there is exactly one.

manage.py super_admin user_2x9k              # the first one
manage.py super_admin user_7b3q --replace    # in the place of the one that there is
"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from apps.moderation.roles import crown
from storychain.errors import StorychainError


class Command(BaseCommand):
    """`manage.py super_admin`."""

    help = "Make a member the platform's super admin, who gives all other roles."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the member's id."""
        parser.add_argument("user", metavar="USER", help="his id; he has signed in once")
        parser.add_argument("--replace", action="store_true", help="take it from who has it")

    def handle(self, *_args: Any, user: str, replace: bool, **_options: Any) -> None:
        """Do so, or say why not."""
        try:
            crown(user_id=user, now=timezone.now(), replace=replace)
        except StorychainError as error:
            raise CommandError(f"{user}: {error.detail}") from None
        self.stdout.write(f"{user} is the super admin")
