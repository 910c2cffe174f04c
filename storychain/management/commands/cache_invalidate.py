"""Stales everything that carries the given tags."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from redis.exceptions import RedisError

from storychain.cache.invalidation import bump
from storychain.cache.tags import Tag


class Command(BaseCommand):
    """Bumps tags by hand, as after a repair of the database."""

    help = "Stale every cached page that carries one of these tags, such as story:moby-dick."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take tags."""
        parser.add_argument(
            "tags", nargs="+", metavar="TAG", help="kind:name, as in story:moby-dick"
        )

    def handle(self, *, tags: list[str], **_: Any) -> None:
        """Bump them; exit 1 when one is not a tag or Redis does not answer."""
        if wrong := [name for name in tags if not all(name.partition(":"))]:
            raise CommandError(
                f"Not a tag: {', '.join(wrong)}. Write kind:name, as in story:moby-dick."
            )
        try:
            bump(*(Tag(name) for name in tags))
        except RedisError as error:
            raise CommandError(
                f"Nothing was bumped, as the cache's Redis does not answer ({error}): "
                "start it, or mend REDIS_CACHE_URL."
            ) from error
        self.stdout.write(f"Bumped {len(tags)} tag(s).")
