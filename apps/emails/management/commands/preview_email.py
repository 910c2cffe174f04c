"""Shows a letter with sample content, without sending it."""

from pathlib import Path
from typing import Any

from django.core.mail import EmailMultiAlternatives
from django.core.management.base import BaseCommand, CommandParser

from apps.emails.letters import LETTERS
from apps.emails.samples import compose_sample


class Command(BaseCommand):
    """`manage.py preview_email TEMPLATE [--html | --text] [--out FILE]`."""

    help = "Print a mail with sample content: as it is sent, or one of its parts."

    def add_arguments(self, parser: CommandParser) -> None:
        """Ask for the letter, and what to show of it."""
        parser.add_argument("template", choices=list(LETTERS))
        part = parser.add_mutually_exclusive_group()
        part.add_argument("--html", action="store_const", dest="part", const="html")
        part.add_argument("--text", action="store_const", dest="part", const="text")
        parser.add_argument("--out", type=Path, metavar="FILE", help="write it there instead")

    def handle(
        self, *_args: Any, template: str, part: str | None, out: Path | None, **_options: Any
    ) -> None:
        """Compose, then print or write."""
        shown = _show(compose_sample(template), part)
        if out:
            out.write_text(shown)
            self.stdout.write(f"{out}: {template}, {len(shown):,} characters")
        else:
            self.stdout.write(shown)


def _show(message: EmailMultiAlternatives, part: str | None) -> str:
    if part == "text":
        return str(message.body)
    if part == "html":
        return str(message.alternatives[0].content)
    return message.message().as_bytes().decode()
