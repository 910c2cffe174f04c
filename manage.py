#!/usr/bin/env python
"""Django's command line; a command that needs servers gets embedded ones if no others are there."""

import os
import sys
from contextlib import nullcontext

from storychain import embedded
from storychain.observability import sharing

WITHOUT_SERVERS = {
    "",
    "check",
    "collectstatic",
    "doctor",
    "help",
    "makemigrations",
    "migrate",
    "up",
}
# Here, or in the processes that are forked from it.
SERVES_REQUESTS = {"runserver", "supervise"}


def run() -> None:
    """Run one management command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    command = "".join(sys.argv[1:2])
    if command == "up":
        run_small()
    if command == "supervise" and "--help" not in sys.argv:
        sharing.share_figures()
    needs_none = command in WITHOUT_SERVERS or "--help" in sys.argv
    with nullcontext() if needs_none else embedded.at_hand():
        from django.core.management import execute_from_command_line  # noqa: PLC0415

        from storychain.patience import be_patient  # noqa: PLC0415 - as above

        be_patient(is_patient=command not in SERVES_REQUESTS)
        execute_from_command_line(sys.argv)


def run_small() -> None:
    """Run `up` without loading the apps: it stays in memory for as long as all the others."""
    from storychain.management.commands.up import Command  # noqa: PLC0415

    Command().run_from_argv(sys.argv)


if __name__ == "__main__":
    try:
        run()
    except embedded.CannotStart as error:
        sys.exit(str(error))
