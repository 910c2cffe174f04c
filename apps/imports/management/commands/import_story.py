"""manage.py import_story FILE: a plain-text novel, Markdown or Twee 3 becomes a story."""

from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from apps.imports.errors import TooLarge
from apps.imports.limits import LARGEST_FILE
from apps.imports.reading import PARSERS
from apps.imports.services import ImportResult, import_story, publish_import
from storychain.api.authentication import USER_ID, USER_ID_IS
from storychain.errors import StorychainError
from storychain.management.progress import show_progress

DEFAULT_AUTHOR = "demo"
# What ends in .txt may be anything.
SUFFIXES = {".md": "markdown", ".markdown": "markdown", ".twee": "twee", ".tw": "twee"}


class Command(BaseCommand):
    """Imports one file; of one that is refused nothing is kept."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Ask for the file, and how to take it."""
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument(
            "--format",
            choices=["auto", *PARSERS],
            default="auto",
            help="what the file is (default: auto, found from its name, else from its text)",
        )
        parser.add_argument(
            "--author",
            metavar="NAME",
            type=_read_author,
            default=DEFAULT_AUTHOR,
            help=f"user id of the story's owner, made if absent (default: {DEFAULT_AUTHOR})",
        )
        parser.add_argument("--title", help="the story's title (default: the file's)")
        parser.add_argument("--publish", action="store_true", help="publish it at once")

    def handle(
        self, *_: Any, file: Path, author: str, title: str | None, publish: bool, **options: Any
    ) -> None:
        """Import, say what came of it, and publish if that is wanted."""
        try:
            result = self._import(file, author, title, options["format"])
            if publish:
                self._publish(result, author)
        except StorychainError as error:
            raise CommandError(_explain(file, error)) from error
        except OSError as error:
            raise CommandError(
                f"{file}: {error.strerror}. Name a file that can be read."
            ) from error

    def _import(self, file: Path, author: str, title: str | None, format_name: Any) -> ImportResult:
        is_auto = format_name == "auto"
        with show_progress(f"Importing {file.name}") as report:
            result = import_story(
                data=_read(file),
                author_id=author,
                now=timezone.now(),
                format=SUFFIXES.get(file.suffix.lower(), "auto") if is_auto else format_name,
                title=title,
                fallback_title=file.stem.replace("-", " ").replace("_", " ").strip().capitalize(),
                progress=report,
            )
        self._tell(result)
        return result

    def _tell(self, result: ImportResult) -> None:
        if not result.created:
            self.stdout.write(f"already imported as {result.story_slug}")
            return
        chapters = "1 chapter" if result.chapters == 1 else f"{result.chapters:,} chapters"
        self.stdout.write(f"imported {result.story_slug}: {chapters}")
        for note in result.notes:
            self.stdout.write(f"note: {note}")

    def _publish(self, result: ImportResult, author: str) -> None:
        slug = result.story_slug
        is_new = publish_import(story_slug=slug, author_id=author, now=timezone.now())
        self.stdout.write(f"published {slug}" if is_new else f"{slug} is no draft; left as it is")


def _read(file: Path) -> bytes:
    """Return the file's bytes; one that is too large is not read at all."""
    if (size := file.stat().st_size) > LARGEST_FILE:
        raise TooLarge(f"It has {size:,} bytes; an import takes at most {LARGEST_FILE:,}.")
    return file.read_bytes()


def _explain(file: Path, error: StorychainError) -> str:
    reasons = [reason for found in error.fields.values() for reason in found]
    said = dict.fromkeys([f"{error.title}:", error.detail, *reasons])
    said.pop(error.title, None)
    return f"{file}: {' '.join(said)} Nothing was imported."


def _read_author(name: str) -> str:
    if not USER_ID.fullmatch(name):
        raise ArgumentTypeError(f"{name!r} can be no user's id: use {USER_ID_IS}")
    return name
