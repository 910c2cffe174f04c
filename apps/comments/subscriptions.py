"""What follows from what was announced."""

from collections.abc import Iterator

from apps.chapters.events import ChapterDropped
from apps.comments.events import CommentDropped
from apps.comments.jobs import clear_chapter
from apps.votes.jobs import forget_votes
from storychain.events import subscribes
from storychain.queues.jobs import JobCall


@subscribes(ChapterDropped)
def clear_with_chapter(event: ChapterDropped) -> Iterator[JobCall]:
    """Comments go with the chapter below which they stand."""
    yield clear_chapter.call(job_id=f"comments:{event.cause}", chapter_slug=event.chapter_slug)


@subscribes(CommentDropped)
def forget_with_comment(event: CommentDropped) -> Iterator[JobCall]:
    """Votes go with the comments that they were for."""
    for key in event.comment_ids:
        yield forget_votes.call(job_id=f"votes:comment:{key}", kind="comment", key=key)
