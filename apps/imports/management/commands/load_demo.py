"""manage.py load_demo: the stories that come with the project, published by the user "demo"."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from apps.imports.services import import_story, publish_import

SAMPLES = Path(__file__).parents[2] / "samples"
DEMO = ("the-lighthouse-keepers-key.twee", "the-winter-ferry.txt")
AUTHOR = "demo"


class Command(BaseCommand):
    """Loads the demo; safe to repeat."""

    help = __doc__

    def handle(self, *_: Any, **__: Any) -> None:
        """Import and publish what is not there yet."""
        for name in DEMO:
            now = timezone.now()
            result = import_story(data=(SAMPLES / name).read_bytes(), author_id=AUTHOR, now=now)
            if result.created:
                publish_import(story_slug=result.story_slug, author_id=AUTHOR, now=now)
                self.stdout.write(f"loaded {result.story_slug}")
