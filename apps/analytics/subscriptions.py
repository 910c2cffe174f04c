"""What follows from what was announced: it is recorded, under a name that no client may send."""

from collections.abc import Iterator

from apps.analytics.jobs import record
from apps.analytics.limits import READ
from apps.reading.events import StoryRead
from storychain.events import subscribes
from storychain.queues.jobs import JobCall


@subscribes(StoryRead)
def record_reader(event: StoryRead) -> Iterator[JobCall]:
    """Whoever has read a chapter is one of its story's readers of that day, by heartbeats alone."""
    name = f"read:{event.day.isoformat()}:{event.user_id}:{event.chapter_slug}"
    yield record.call(
        job_id=name,
        id=name,
        event=READ,
        userId=event.user_id,
        timestamp=event.read_at,
        properties={"story_slug": event.story_slug, "chapter_slug": event.chapter_slug},
    )
