"""`manage.py prepare`: the databases, ready for the processes of this version."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError
from mongoengine.errors import MongoEngineException
from pymongo.errors import PyMongoError
from redis import RedisError

from storychain.preparing import prepare
from storychain.storage import BadStore

NAMED_BY: dict[type[Exception], str] = {
    DatabaseError: "DATABASE_URL",
    PyMongoError: "MONGODB_URI",
    MongoEngineException: "MONGODB_URI",
    RedisError: "REDIS_CACHE_URL or REDIS_QUEUE_URL",
}


class Command(BaseCommand):
    """Make the databases ready; safe to repeat."""

    help = "Make the databases ready: tables, indexes, schedules, the first admin. Safe to repeat."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Take `--demo`."""
        parser.add_argument(
            "--demo", action="store_true", help="also load the demo story, once ever"
        )

    def handle(self, *, demo: bool, **_options: Any) -> None:
        """Prepare; a database that refuses is one line."""
        try:
            prepare(with_demo=demo)
        except BadStore as error:
            raise SystemExit(str(error)) from None
        except tuple(NAMED_BY) as error:
            why = (str(error).splitlines() or [type(error).__name__])[0]
            named = next(name for kind, name in NAMED_BY.items() if isinstance(error, kind))
            raise SystemExit(
                f"What {named} names could not be made ready ({why}): start that server or mend "
                "the variable; `manage.py doctor` tells more."
            ) from None
