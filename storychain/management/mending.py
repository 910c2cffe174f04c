"""A command's errors as one line that names the mend, and its answers as tables or JSON."""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, cast

import msgspec
from django.core.management.base import (
    BaseCommand,
    CommandError,
    DjangoHelpFormatter,
    OutputWrapper,
)
from django.db import DatabaseError
from pymongo.errors import PyMongoError
from rich.console import Console
from rich.table import Table

from storychain.errors import StorychainError
from storychain.observability.logging import mask_secrets
from storychain.queues.scripts import LedgerAway

NAMED_BY: dict[type[Exception], str] = {
    LedgerAway: "REDIS_QUEUE_URL",
    PyMongoError: "MONGODB_URI",
    DatabaseError: "DATABASE_URL",
}


@contextmanager
def in_one_line() -> Iterator[None]:
    """Turn conditions and outages into CommandErrors."""
    try:
        yield
    except tuple(NAMED_BY) as error:
        named = next(name for kind, name in NAMED_BY.items() if isinstance(error, kind))
        why = (mask_secrets(str(error)).splitlines() or [type(error).__name__])[0]
        raise CommandError(
            f"What {named} names does not answer ({why}): start that server or mend the variable; "
            "`manage.py doctor` tells more."
        ) from error
    except StorychainError as error:
        raise CommandError(error.detail) from error


class _PlainHelp(DjangoHelpFormatter, RawDescriptionHelpFormatter):
    """Help whose examples keep their lines."""


def show_examples(parser: ArgumentParser, text: str) -> None:
    """Let the help end with this text."""
    parser.epilog, parser.formatter_class = text, _PlainHelp


def print_json(command: BaseCommand, shown: object) -> None:
    """Print something as JSON."""
    command.stdout.write(msgspec.json.format(msgspec.json.encode(shown)).decode())


def print_rows(output: OutputWrapper, columns: list[str], rows: list[list[Any]]) -> None:
    """Print a table."""
    table = Table(*columns)
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    Console(file=cast("IO[str]", output), width=140, markup=False).print(table)


def tell_done(
    command: BaseCommand, *, verb: str, done: list[str], refused: list[str], as_json: bool
) -> None:
    """Print what was done and what was not; raise CommandError, so exit with 1, for the latter."""
    if as_json:
        print_json(command, {"done": done, "refused": refused})
    else:
        command.stdout.write(f"{verb}: {len(done)} done")
    if refused:
        raise CommandError("\n".join(refused))
