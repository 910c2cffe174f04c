"""Put public stories among the featured ones (GET /stories/featured), or take them out.

manage.py feature_story the-lamp the-winter-ferry
manage.py feature_story the-lamp --off
"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.stories.errors import StoryNotFound
from apps.stories.services import feature_story


class Command(BaseCommand):
    """`manage.py feature_story`."""

    help = "Put public stories among the featured ones, or with --off take them out."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the stories' slugs, and which way."""
        parser.add_argument("slugs", nargs="+", metavar="SLUG")
        parser.add_argument("--off", action="store_true", help="take them out")

    def handle(self, *_args: Any, slugs: list[str], off: bool, **_options: Any) -> None:
        """Do so, story by story; stop at the first that is not there or not public."""
        for slug in slugs:
            try:
                feature_story(slug=slug, is_featured=not off)
            except StoryNotFound:
                raise CommandError(f"no public story has the slug {slug}") from None
            self.stdout.write(f"{'no longer featured' if off else 'featured'}: {slug}")
