"""What is taken from others in the features below, written down as it is done.

It is announced there, in the unit of work that does it, and so is written in the same one.
"""

from apps.chapters.events import ChapterTakenAway
from apps.comments.events import CommentRemoved, DiscussionTurned
from apps.moderation.documents import Act
from apps.stories.events import TakedownTurned


def note_takedown(event: TakedownTurned) -> None:
    """Write down who has taken a story down, or brought it back."""
    Act.note(
        "story_taken_down" if event.is_down else "story_restored",
        actor_id=event.actor_id,
        now=event.turned_at,
        user_id=event.creator_id,
        subject_type="story",
        subject_id=event.story_slug,
        story_slug=event.story_slug,
    )


def note_chapter(event: ChapterTakenAway) -> None:
    """Write down who has removed another's chapter."""
    Act.note(
        "chapter_removed",
        actor_id=event.actor_id,
        now=event.taken_at,
        user_id=event.author_id,
        subject_type="chapter",
        subject_id=event.chapter_slug,
        story_slug=event.story_slug,
    )


def note_comment(event: CommentRemoved) -> None:
    """Write down who has deleted another's comment."""
    Act.note(
        "comment_removed",
        actor_id=event.actor_id,
        now=event.removed_at,
        user_id=event.user_id,
        subject_type="comment",
        subject_id=event.comment_id,
        story_slug=event.story_slug,
    )


def note_discussion(event: DiscussionTurned) -> None:
    """Write down who has closed the discussion of a chapter, or opened it again."""
    Act.note(
        "comments_locked" if event.is_locked else "comments_unlocked",
        actor_id=event.actor_id,
        now=event.turned_at,
        user_id=event.author_id,
        subject_type="chapter",
        subject_id=event.chapter_slug,
        story_slug=event.story_slug,
    )
