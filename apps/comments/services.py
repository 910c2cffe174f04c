"""Writes on comments and their rules."""

from datetime import datetime
from typing import NamedTuple

from apps.access.rules import Action
from apps.chapters.documents import Chapter
from apps.chapters.errors import ChapterRemoved, NotPublishedYet
from apps.chapters.growing import find_seen
from apps.comments.documents import Comment
from apps.comments.errors import (
    CommentForbidden,
    CommentNotFound,
    CommentsLocked,
    ThreadTooDeep,
)
from apps.comments.events import (
    CommentDropped,
    CommentMentioned,
    CommentRemoved,
    CommentReplied,
    DiscussionTurned,
)
from apps.comments.limits import NESTING
from apps.comments.mentions import find_names
from apps.stories.errors import StoryNotFound
from apps.stories.services import Held, open_for
from apps.users.queries import find_members
from apps.votes.errors import OwnWork
from apps.votes.services import cast_vote
from storychain import counters
from storychain.documents import unit_of_work
from storychain.errors import Invalid
from storychain.events import publish

STEP = 25


@unit_of_work
def write_comment(
    *,
    story_slug: str,
    chapter_slug: str,
    author_id: str,
    content: str,
    now: datetime,
    parent_id: str | None = None,
) -> str:
    """Say something below a chapter, or answer a comment there; return the new one's id.

    Raise Invalid if there is no such `parent_id`, ThreadTooDeep below the last level,
    CommentsLocked, ChapterRemoved, NotPublishedYet.
    """
    held = open_for(Action.READ, slug=story_slug, caller_id=author_id)
    chapter = find_seen(held, slug=chapter_slug)
    _refuse_unless_open(chapter, held)
    parent = _take_reply(parent_id, chapter_slug) if parent_id else None
    comment = Comment(
        story_slug=story_slug,
        chapter_slug=chapter_slug,
        parent_id=parent_id,
        depth=parent.depth + 1 if parent else 0,
        user_id=author_id,
        content=content,
        created_at=now,
    ).save(force_insert=True)
    _count(comment, 1)
    told = _Told(comment, chapter, held)
    told.announce_reply(parent)
    told.announce_mentions(but=parent.user_id if parent else None)
    return str(comment.comment_id)


@unit_of_work
def edit_comment(*, comment_id: str, caller_id: str, content: str, now: datetime) -> None:
    """Put a comment of one's own into other words; who knows of it already is not told again."""
    told = _open(comment_id, caller_id)
    if told.comment.user_id != caller_id:
        raise CommentForbidden
    _refuse_unless_open(told.chapter, told.held)
    told.comment.edit(content=content, now=now)
    told.announce_mentions()


@unit_of_work
def delete_comment(*, comment_id: str, caller_id: str, now: datetime) -> None:
    """Delete a comment: its author may, and the story's moderators."""
    told = _open(comment_id, caller_id)
    is_own = told.comment.user_id == caller_id
    if not is_own and not told.held.allows(Action.MODERATE_COMMENTS):
        raise CommentForbidden
    gone = Comment.take_out(comment_id)
    if gone is None:
        raise CommentNotFound  # another has, a moment ago
    _count(told.comment, -1)
    if gone:
        publish(CommentDropped(comment_ids=gone))
    if not is_own:
        told.announce_removal(by=caller_id, now=now)


@unit_of_work
def vote_on_comment(*, comment_id: str, caller_id: str, value: int, now: datetime) -> int:
    """Vote for (1) or against (-1) a comment, as for a chapter; return the vote that stands."""
    told = _open(comment_id, caller_id)
    told.held.refuse_unless(Action.VOTE)
    if told.comment.user_id == caller_id:
        raise OwnWork
    return cast_vote(
        kind="comment",
        key=comment_id,
        story_slug=told.comment.story_slug,
        user_id=caller_id,
        value=value,
        now=now,
    )


@unit_of_work
def lock_comments(
    *, story_slug: str, chapter_slug: str, caller_id: str, is_locked: bool, now: datetime
) -> None:
    """Close a chapter's discussion to all but moderators, or open it again; moderators may."""
    held = open_for(Action.READ, slug=story_slug, caller_id=caller_id)
    chapter = find_seen(held, slug=chapter_slug)
    held.refuse_unless(Action.MODERATE_COMMENTS)
    if chapter.comments_locked == is_locked:
        return
    chapter.lock_comments(is_locked=is_locked)
    publish(
        DiscussionTurned(
            story_slug=story_slug,
            chapter_slug=chapter_slug,
            author_id=chapter.author_id,
            actor_id=caller_id,
            is_locked=is_locked,
            turned_at=now,
        )
    )


def clear_chapter(*, chapter_slug: str) -> int:
    """Delete what was said below a chapter that is gone, in steps; return how much there was."""
    cleared = 0
    while step := _clear_step(chapter_slug):
        cleared += step
    return cleared


@unit_of_work
def _clear_step(chapter_slug: str) -> int:
    if gone := Comment.clear(chapter_slug, most=STEP):
        publish(CommentDropped(comment_ids=gone))
    return len(gone)


class _Told(NamedTuple):
    """A comment with the chapter below which it stands, and its story as the caller finds it."""

    comment: Comment
    chapter: Chapter
    held: Held

    def announce_reply(self, parent: Comment | None) -> None:
        """Tell that somebody else's comment was answered."""
        if parent and parent.user_id != self.comment.user_id:
            publish(CommentReplied(**self._fact(), user_id=parent.user_id))

    def announce_mentions(self, *, but: str | None = None) -> None:
        """Tell whom the comment names, but not its author and who is told otherwise."""
        named = set(find_members(find_names(self.comment.content)))
        named -= {self.comment.user_id, but}
        if named:
            publish(CommentMentioned(**self._fact(), user_ids=sorted(named)))

    def announce_removal(self, *, by: str, now: datetime) -> None:
        """Tell that a moderator has deleted it."""
        fact = {**self._fact(), "actor_id": by}
        publish(CommentRemoved(**fact, user_id=self.comment.user_id, removed_at=now))

    def _fact(self) -> dict[str, str]:
        return {
            "story_slug": self.held.story.slug,
            "story_title": self.held.story.title,
            "chapter_slug": self.chapter.slug,
            "chapter_title": self.chapter.title,
            "comment_id": self.comment.comment_id,
            "actor_id": self.comment.user_id,
        }


def _open(comment_id: str, caller_id: str) -> _Told:
    """Return a comment that stands and that the caller sees; raise CommentNotFound."""
    comment = Comment.find_standing(comment_id)
    chapter = Chapter.objects(slug=comment.chapter_slug).first() if comment else None
    if comment is None or chapter is None:
        raise CommentNotFound
    try:
        held = open_for(Action.READ, slug=comment.story_slug, caller_id=caller_id)
    except StoryNotFound:
        raise CommentNotFound from None
    return _Told(comment, chapter, held)


def _refuse_unless_open(chapter: Chapter, held: Held) -> None:
    """Raise what speaks against saying something below this chapter."""
    held.refuse_unless(Action.COMMENT)
    if chapter.status == "removed":
        raise ChapterRemoved
    if chapter.status != "published":
        raise NotPublishedYet
    if chapter.comments_locked and not held.allows(Action.MODERATE_COMMENTS):
        raise CommentsLocked


def _take_reply(parent_id: str, chapter_slug: str) -> Comment:
    parent = Comment.take_reply(parent_id, chapter_slug=chapter_slug)
    if parent is None:
        raise Invalid(fields={"parent_id": ["There is no such comment here."]})
    if parent.depth >= NESTING - 1:
        raise ThreadTooDeep(f"A thread has at most {NESTING} levels; answer further up.")
    return parent


def _count(comment: Comment, n: int) -> None:
    counters.add(kind="chapter", key=comment.chapter_slug, counts={"stats__comments": n})
