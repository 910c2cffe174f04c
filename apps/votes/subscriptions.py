"""What follows from what was announced."""

from collections.abc import Iterator

from apps.chapters.events import ChapterDropped
from apps.votes.jobs import forget_votes
from storychain.events import subscribes
from storychain.queues.jobs import JobCall


@subscribes(ChapterDropped)
def forget_with_chapter(event: ChapterDropped) -> Iterator[JobCall]:
    """Votes go with the chapter that they were for."""
    job_id = f"votes:chapter:{event.cause}"
    yield forget_votes.call(job_id=job_id, kind="chapter", key=event.chapter_slug)
