"""What comments announce."""

from datetime import datetime

from storychain.events import Event


class CommentFact(Event, frozen=True, kw_only=True):
    """Something that was said below a chapter, by whom (`actor_id`)."""

    story_slug: str
    story_title: str
    chapter_slug: str
    chapter_title: str
    comment_id: str
    actor_id: str


class CommentReplied(CommentFact, frozen=True, kw_only=True):
    """Somebody answered the comment of another, `user_id`."""

    user_id: str


class CommentMentioned(CommentFact, frozen=True, kw_only=True):
    """Somebody named others by @username: `user_ids`."""

    user_ids: list[str]


class CommentRemoved(CommentFact, frozen=True, kw_only=True):
    """A moderator, here `actor_id`, has deleted what another, `user_id`, said."""

    user_id: str
    removed_at: datetime


class DiscussionTurned(Event, frozen=True, kw_only=True):
    """A moderator has closed a chapter's discussion to all others, or opened it again."""

    story_slug: str
    chapter_slug: str
    author_id: str
    actor_id: str
    is_locked: bool
    turned_at: datetime


class CommentDropped(Event, frozen=True, kw_only=True):
    """Comments are gone, with their places in the thread."""

    comment_ids: list[str]
