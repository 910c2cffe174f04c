"""What comes with a chapter that readers get, and goes with one: its counts, the news of it."""

from datetime import datetime
from typing import Any

from apps.chapters.documents import Chapter
from apps.chapters.events import ChapterAdded, ChapterDropped, ChapterEmptied, HuskLeft
from apps.chapters.limits import DROPPED_AT_ONCE, LONGEST_WAIT
from apps.stories.documents import Moment, Story
from apps.users.services import count_work
from storychain import counters
from storychain.documents import unit_of_work
from storychain.errors import Invalid
from storychain.events import publish


def check_time(publish_at: datetime | None, *, now: datetime) -> None:
    """Raise Invalid unless a chapter may appear then: from now on, within LONGEST_WAIT."""
    if publish_at is None:
        return
    if publish_at <= now:
        raise Invalid(fields={"publish_at": ["This time has passed; give one that is to come."]})
    if publish_at > now + LONGEST_WAIT:
        raise Invalid(fields={"publish_at": [f"At most {LONGEST_WAIT.days} days from now."]})


def count_in(chapter: Chapter, *, now: datetime) -> int:
    """Count a new chapter for its story and its author; return its number in the story."""
    branches = int(chapter.branch_index > 0)
    count_work(user_id=chapter.author_id, chapters=1, branches=branches)
    return Story.grow(
        slug=chapter.story_slug,
        chapters=1,
        branches=branches,
        contributors=int(_is_only(chapter)),
        now=now,
    )


def take_out(chapter: Chapter, *, now: datetime) -> None:
    """Take a chapter from its readers: a leaf goes, a node stays without its text.

    With a leaf go the removed ones above it that stayed for its sake.
    """
    if chapter.status == "published":
        _count_out(chapter)
    if chapter.stats.child_branches:
        chapter.empty(now=now)
        publish(ChapterEmptied(chapter_slug=chapter.slug))
        return
    _drop(chapter)


@unit_of_work
def prune(*, slug: str) -> None:
    """Take a removed chapter that keeps its place for nothing out of the tree, if it does still."""
    chapter = Chapter.objects(slug=slug).first()
    if chapter is not None and _is_husk(chapter):
        _drop(chapter)


def _is_husk(chapter: Chapter) -> bool:
    return bool(chapter.status == "removed" and not chapter.stats.child_branches)


def _drop(chapter: Chapter) -> None:
    """Take a leaf out, and what is left above it without cause: so many, the others by a job."""
    node = chapter
    for _ in range(DROPPED_AT_ONCE):
        parent = node.drop()
        if node.status != "draft":
            publish(ChapterDropped(chapter_slug=node.slug))
        if parent is None or not _is_husk(parent):
            return
        node = parent
    publish(HuskLeft(chapter_slug=node.slug))


def _count_out(chapter: Chapter) -> None:
    """Take a chapter, and the votes for it, out of what its author and its story count.

    The story is written by that: of two who take its last chapters at once, one begins again.
    """
    votes = chapter.votes.up + chapter.votes.down
    counters.add(kind="story", key=chapter.story_slug, counts={"total_votes": -votes})
    Story.shrink(
        slug=chapter.story_slug,
        branches=int(chapter.branch_index > 0),
        contributors=int(_is_only(chapter)),
    )
    is_branch = chapter.branch_index > 0 and not chapter.is_import
    count_work(
        user_id=chapter.author_id,
        chapters=-1,
        imported=-int(chapter.is_import),
        branches=-int(is_branch),
        upvotes=-chapter.votes.up,
        downvotes=-chapter.votes.down,
    )


def _is_only(chapter: Chapter) -> bool:
    """Tell whether its author has no other chapter in its story that can be read."""
    theirs = Chapter.objects(story_slug=chapter.story_slug, author_id=chapter.author_id)
    others = theirs.filter(status="published", slug__ne=chapter.slug)
    return others.only("slug").first() is None


def announce_chapter(chapter: Chapter, *, story: Story, parent: Chapter | None) -> None:
    """Tell that readers have a new chapter."""
    note_moment("chapter_added", chapter, actor_id=chapter.author_id, now=chapter.updated_at)
    publish(
        ChapterAdded(
            story_slug=story.slug,
            story_title=story.title,
            story_creator_id=story.creator_id,
            chapter_slug=chapter.slug,
            chapter_title=chapter.title,
            author_id=chapter.author_id,
            branch_index=chapter.branch_index,
            parent_slug=chapter.parent_slug,
            parent_author_id=parent.author_id if parent else None,
        )
    )


def note_moment(
    kind: str, chapter: Chapter, *, actor_id: str | None, now: datetime, **details: Any
) -> None:
    """Tell the story's timeline, with the title as it is now: a chapter may be gone later."""
    if chapter.status == "draft":
        return  # nobody but its writers knows of it
    Moment.note(
        kind,
        story_slug=chapter.story_slug,
        actor_id=actor_id,
        now=now,
        chapter_slug=chapter.slug,
        title=chapter.title,
        **details,
    )
