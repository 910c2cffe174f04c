"""What follows from what was announced: the index is brought up to date, once for each write."""

from collections.abc import Iterator

from apps.search.events import TextsChanged
from apps.search.jobs import index_story, index_things, rebuild
from storychain.events import subscribes
from storychain.queues.jobs import JobCall

AT_ONCE = 50


@subscribes(TextsChanged)
def keep_current(event: TextsChanged) -> Iterator[JobCall]:
    """What a write has changed is read again; a whole story's chapters by a job of their own."""
    for at in range(0, len(event.things), AT_ONCE):
        yield index_things.call(things=event.things[at : at + AT_ONCE])
    for slug in event.stories:
        yield index_story.call(slug=slug)
    if event.is_unknown:
        yield rebuild.call()
