"""Shows what the cache holds under a key or a tag, and why it is fresh or stale."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from redis.exceptions import RedisError

from storychain.cache.inspecting import EntryState, TagState, inspect_entry, inspect_tag


class Command(BaseCommand):
    """A name with an `=` is a key (story:detail:slug=x), any other a tag (story:x)."""

    help = "Show what a key (story:detail:slug=x) or a tag (story:x) holds, and why it is fresh."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take one name."""
        parser.add_argument("name", help="a key without the prefix, or a tag")

    def handle(self, *, name: str, **_: Any) -> None:
        """Print it; exit 1 when there is nothing of this name."""
        try:
            entry = inspect_entry(name)
            tag = None if entry else inspect_tag(name)
        except RedisError as error:
            raise CommandError(
                f"The cache's Redis does not answer ({error}): start it, or mend REDIS_CACHE_URL."
            ) from error
        if entry:
            self._show_entry(entry)
        elif tag and tag.token:
            self._show_tag(tag)
        else:
            raise CommandError(f"Nothing is stored under {name!r}, neither as a key nor as a tag.")

    def _show_entry(self, entry: EntryState) -> None:
        state = "stale" if entry.reasons else "fresh"
        kind = "absence" if entry.is_absent else "page"
        self.stdout.write(
            f"{entry.key}: a {state} {kind}, {entry.bytes} bytes, "
            f"{entry.age:.0f} s old, {entry.seconds:.0f} s left"
        )
        for tag in entry.tags:
            self._show_tag(tag)
        for reason in entry.reasons:
            self.stdout.write(f"  stale because {reason}")

    def _show_tag(self, tag: TagState) -> None:
        pending = f", {tag.pending} write(s) pending" if tag.pending else ""
        self.stdout.write(f"  {tag.name}: token {tag.token}, {tag.seconds:.0f} s left{pending}")
