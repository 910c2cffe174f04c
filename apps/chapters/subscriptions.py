"""What follows from what was announced."""

from collections.abc import Iterator

from apps.chapters.events import HuskLeft
from apps.chapters.jobs import prune
from storychain.events import subscribes
from storychain.queues.jobs import JobCall


@subscribes(HuskLeft)
def prune_what_is_left(event: HuskLeft) -> Iterator[JobCall]:
    """It goes by a job, so that no removal is longer than a write may be."""
    yield prune.call(chapter_slug=event.chapter_slug)
