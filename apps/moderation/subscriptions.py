"""What follows from what was announced: no job, but an act that is kept."""

from apps.chapters.events import ChapterTakenAway
from apps.comments.events import CommentRemoved, DiscussionTurned
from apps.moderation import auditing
from apps.stories.events import TakedownTurned
from storychain.events import subscribes
from storychain.queues.jobs import JobCall


@subscribes(TakedownTurned)
def keep_takedown(event: TakedownTurned) -> tuple[JobCall, ...]:
    """A story that was taken down, or brought back, is an act."""
    auditing.note_takedown(event)
    return ()


@subscribes(ChapterTakenAway)
def keep_removal(event: ChapterTakenAway) -> tuple[JobCall, ...]:
    """So is another's chapter that was removed."""
    auditing.note_chapter(event)
    return ()


@subscribes(CommentRemoved)
def keep_deletion(event: CommentRemoved) -> tuple[JobCall, ...]:
    """And another's comment that was deleted."""
    auditing.note_comment(event)
    return ()


@subscribes(DiscussionTurned)
def keep_lock(event: DiscussionTurned) -> tuple[JobCall, ...]:
    """And a discussion that was closed or opened."""
    auditing.note_discussion(event)
    return ()
