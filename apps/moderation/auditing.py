"""What is taken from others in the features below, written down as it is done.

It is announced there, in the unit of work that does it, and so is written in the same one. No job
follows.
"""

from datetime import datetime
from typing import Protocol

from apps.access.queries import load_standing
from apps.chapters.events import ChapterTakenAway
from apps.comments.events import CommentRemoved, DiscussionTurned
from apps.moderation.documents import Act
from apps.moderation.platform import acts_for_platform
from apps.pulls.events import PullCommentRemoved, PullTakenAway, ReviewRemoved
from apps.stories.events import TakedownTurned
from storychain.events import subscribes


@subscribes(TakedownTurned)
def note_takedown(event: TakedownTurned) -> tuple[()]:
    """Write down who has taken a story down, or brought it back."""
    kind = "story_taken_down" if event.is_down else "story_restored"
    return _note(kind, event, ("story", event.story_slug), event.creator_id, event.turned_at)


@subscribes(ChapterTakenAway)
def note_chapter(event: ChapterTakenAway) -> tuple[()]:
    """Write down who has removed another's chapter."""
    subject = ("chapter", event.chapter_slug)
    return _note("chapter_removed", event, subject, event.author_id, event.taken_at)


@subscribes(CommentRemoved)
def note_comment(event: CommentRemoved) -> tuple[()]:
    """Write down who has deleted another's comment."""
    subject = ("comment", event.comment_id)
    return _note("comment_removed", event, subject, event.user_id, event.removed_at)


@subscribes(DiscussionTurned)
def note_discussion(event: DiscussionTurned) -> tuple[()]:
    """Write down who has closed the discussion of a chapter, or opened it again."""
    kind = "comments_locked" if event.is_locked else "comments_unlocked"
    subject = ("chapter", event.chapter_slug)
    return _note(kind, event, subject, event.author_id, event.turned_at)


@subscribes(PullTakenAway)
def note_pull(event: PullTakenAway) -> tuple[()]:
    """Write down who has taken the words of another's pull request away."""
    subject = ("pull", event.pull_id)
    return _note("pull_withheld", event, subject, event.author_id, event.taken_at)


@subscribes(PullCommentRemoved)
def note_pull_comment(event: PullCommentRemoved) -> tuple[()]:
    """Write down who has deleted what another said about a pull request."""
    subject = ("comment", event.comment_id)
    return _note("comment_removed", event, subject, event.user_id, event.removed_at)


@subscribes(ReviewRemoved)
def note_review(event: ReviewRemoved) -> tuple[()]:
    """Write down who has taken away what another said in his review of a pull request."""
    subject = ("pull", event.pull_id)  # a review is named by its reviewer, who may leave
    return _note("review_removed", event, subject, event.user_id, event.removed_at)


class _Done(Protocol):
    """What is written down of each."""

    @property
    def actor_id(self) -> str | None: ...

    @property
    def story_slug(self) -> str: ...


def _note(
    kind: str,
    event: _Done,
    subject: tuple[str, str],
    user_id: str,
    now: datetime,
) -> tuple[()]:
    standing = load_standing(story_slug=event.story_slug, user_id=str(event.actor_id))
    Act.note(
        kind,
        actor_id=str(event.actor_id),
        now=now,
        user_id=user_id,
        subject_type=subject[0],
        subject_id=subject[1],
        story_slug=event.story_slug,
        is_shared=True,
        for_platform=acts_for_platform(standing),
    )
    return ()
