"""What follows from what was announced: it is recorded, as what clients tell is."""

from collections.abc import Iterator

from apps.analytics.jobs import record
from apps.analytics.limits import READ
from apps.reading.events import StoryRead
from storychain.events import subscribes
from storychain.queues.jobs import JobCall


@subscribes(StoryRead)
def record_reader(event: StoryRead) -> Iterator[JobCall]:
    """Whoever has read in a story is one of its readers of that day, whatever his client tells."""
    name = f"read:{event.day.isoformat()}:{event.user_id}:{event.story_slug}"
    yield record.call(
        job_id=name,
        id=name,
        event=READ,
        userId=event.user_id,
        timestamp=event.read_at,
        properties={"story_slug": event.story_slug, "chapter_slug": event.chapter_slug},
    )
