"""Mark what the platform did in stories before bans and decisions told so; safe at any time.

manage.py backfill_platform
"""

from typing import Any

from django.core.management.base import BaseCommand

from apps.moderation.backfilling import backfill


class Command(BaseCommand):
    """`manage.py backfill_platform`."""

    help = "Mark what the platform did in stories before bans and decisions told so."

    def handle(self, *_: Any, **__: Any) -> None:
        """Do so, and say how many bans, decisions and appeals were not marked."""
        self.stdout.write(f"{backfill():,} brought up to date")
