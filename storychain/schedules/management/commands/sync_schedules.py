"""manage.py sync_schedules: bring the schedules in SQL in line with the code."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, InterfaceError

from storychain.schedules.declarations import list_declarations
from storychain.schedules.synchronising import synchronise

MEND = "Is DATABASE_URL right, and was `manage.py migrate` run?"


class Command(BaseCommand):
    """Writes what is declared, keeps what operators changed, disables what left the code."""

    help = __doc__

    def handle(self, *_: Any, **__: Any) -> None:
        """Synchronise, and say what was done."""
        try:
            outcome = synchronise(list_declarations())
        except (DatabaseError, InterfaceError) as error:
            raise CommandError(f"SQL cannot be asked ({error}). {MEND}") from None
        for word in ("created", "updated", "enabled", "disabled"):
            for name in getattr(outcome, word):
                self.stdout.write(f"{word} {name}")
        for name, fields in outcome.kept.items():
            self.stdout.write(f"kept {name}: {', '.join(fields)} as an operator left it")
        if not any(vars(outcome).values()):
            self.stdout.write("All schedules are as declared.")
