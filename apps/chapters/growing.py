"""A chapter put into its place in the tree; whether somebody may write it is asked before."""

from datetime import datetime
from typing import Any

from apps.access.rules import Action
from apps.chapters.appearing import announce_chapter, check_time, count_in
from apps.chapters.documents import Chapter
from apps.chapters.errors import (
    ChapterNotFound,
    ChapterRemoved,
    NoMoreBranches,
    NotPublishedYet,
    TooDeep,
)
from apps.chapters.limits import MOST_BRANCHES, READABLE
from apps.chapters.text import count_words
from apps.stories.documents import Story
from apps.stories.services import Held
from apps.stories.slugs import make_slug
from storychain.documents import unit_of_work


def find_chapter(*, story_slug: str, slug: str) -> Chapter:
    """Return a chapter of a story, whatever its status; raise ChapterNotFound."""
    chapter = Chapter.objects(slug=slug, story_slug=story_slug).first()
    if chapter is None:
        raise ChapterNotFound
    return chapter


def find_seen(held: Held, *, slug: str) -> Chapter:
    """Return a chapter of a story; raise ChapterNotFound also for a draft of somebody else's."""
    chapter = find_chapter(story_slug=held.story.slug, slug=slug)
    if chapter.status in READABLE or is_theirs(chapter, held):
        return chapter
    raise ChapterNotFound


def is_theirs(chapter: Chapter, held: Held, *, action: Action = Action.EDIT_ANY_CHAPTER) -> bool:
    """Tell whether a chapter is the caller's to change, or to do something else with."""
    return chapter.author_id == held.standing.user_id or held.allows(action)


@unit_of_work
def add_to_tree(
    *,
    held: Held,
    parent_slug: str | None,
    author_id: str,
    text: dict[str, Any],
    now: datetime,
    **origin: Any,
) -> Chapter:
    """Put a chapter into a story, below a parent that whoever holds it sees.

    `origin` are fields of Chapter that tell where it comes from. Raise ChapterNotFound,
    ChapterRemoved, NotPublishedYet, TooDeep, NoMoreBranches.
    """
    check_time(text.get("publish_at"), now=now)
    chapter = Chapter(
        **text,
        **origin,
        status="draft" if "publish_at" in text else "published",
        slug=make_slug(text["title"], fallback="chapter", longest=40, tail=8),
        story_slug=held.story.slug,
        author_id=author_id,
        word_count=count_words(text["content"]),
        created_at=now,
        updated_at=now,
    )
    parent = _place(chapter, parent_slug=parent_slug, held=held)
    if chapter.status == "draft":
        chapter.number = Story.take_number(slug=held.story.slug)
        chapter.save(force_insert=True)
        return chapter
    chapter.number = count_in(chapter, now=now)
    chapter.save(force_insert=True)
    announce_chapter(chapter, story=held.story, parent=parent)
    return chapter


def _place(chapter: Chapter, *, parent_slug: str | None, held: Held) -> Chapter | None:
    """Give a new chapter its place in the tree; return its parent, if it has one."""
    chapter.depth, chapter.branch_index = 0, 0
    if parent_slug is None:
        return None
    parent = find_seen(held, slug=parent_slug)
    _refuse_unless_followed(parent, deepest=held.story.settings.max_depth)
    way = None if chapter.status == "draft" else chapter.way
    branch = Chapter.take_branch(parent_slug=parent_slug, way=way)
    if branch is None:
        raise NoMoreBranches(f"A chapter has at most {MOST_BRANCHES} branches; pick another one.")
    chapter.parent_slug, chapter.branch_index = parent_slug, branch
    chapter.depth = parent.depth + 1
    chapter.ancestor_slugs = [*parent.ancestor_slugs, parent_slug]
    return parent


def _refuse_unless_followed(parent: Chapter, *, deepest: int) -> None:
    """Raise what speaks against a chapter that follows this one."""
    if parent.status == "removed":
        raise ChapterRemoved
    if parent.status not in READABLE:
        raise NotPublishedYet
    if parent.depth >= deepest:
        raise TooDeep(f"A chapter may stand at most {deepest} steps below the first one.")
