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
    RootExists,
    TooDeep,
    TooManyWaiting,
)
from apps.chapters.limits import MOST_BRANCHES, MOST_WAITING, READABLE
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

    `origin` are fields of Chapter that tell where it comes from. Raise ChapterNotFound, what
    take_place raises, and TooManyWaiting for a draft.
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
    parent = find_seen(held, slug=parent_slug) if parent_slug else None
    _stand_below(chapter, parent)
    if chapter.status == "draft":
        _begin_waiting(chapter, parent, held)
        return chapter
    take_place(chapter, parent=parent, story=held.story)
    chapter.number = count_in(chapter, now=now)
    chapter.save(force_insert=True)
    announce_chapter(chapter, story=held.story, parent=parent)
    return chapter


def show_draft(chapter: Chapter, *, story: Story, now: datetime) -> None:
    """Give readers a chapter that was a draft, as if it had been written now.

    Raise what take_place raises, with nothing written: nobody has kept a place for it.
    """
    parent = Chapter.objects(slug=chapter.parent_slug or "").first()
    if chapter.parent_slug and parent is None:
        raise ChapterRemoved("The chapter that it was to follow is gone.")
    take_place(chapter, parent=parent, story=story)
    chapter.appear(number=count_in(chapter, now=now), now=now)
    announce_chapter(chapter, story=story, parent=parent)


def take_place(chapter: Chapter, *, parent: Chapter | None, story: Story) -> None:
    """Give a chapter that readers are to get its branch; it is to be saved then.

    Raise RootExists, ChapterRemoved, NotPublishedYet, TooDeep, NoMoreBranches.
    """
    _refuse_without_place(chapter, parent, story)
    if parent is None:
        chapter.branch_index = 0
    elif not chapter.take_branch():
        raise NoMoreBranches


def _stand_below(chapter: Chapter, parent: Chapter | None) -> None:
    chapter.depth = parent.depth + 1 if parent else 0
    if parent:
        chapter.parent_slug = parent.slug
        chapter.ancestor_slugs = [*parent.ancestor_slugs, parent.slug]


def _begin_waiting(chapter: Chapter, parent: Chapter | None, held: Held) -> None:
    """Store a draft, where there would be a place for it now."""
    _refuse_without_place(chapter, parent, held.story)
    _refuse_too_many(chapter, held)
    chapter.number = Story.take_number(slug=held.story.slug)
    chapter.branch_index = -chapter.number
    chapter.save(force_insert=True)


def _refuse_too_many(chapter: Chapter, held: Held) -> None:
    """Two at once are counted one after the other, as each takes a number of the story's."""
    if held.allows(Action.EDIT_ANY_CHAPTER):
        return
    theirs = Chapter.objects(story_slug=held.story.slug, author_id=chapter.author_id)
    if theirs.filter(status="draft").limit(MOST_WAITING).count(True) >= MOST_WAITING:
        raise TooManyWaiting(f"At most {MOST_WAITING} may; publish or delete one of them first.")


def _refuse_without_place(chapter: Chapter, parent: Chapter | None, story: Story) -> None:
    if parent:
        _refuse_unless_followed(parent, deepest=story.settings.max_depth)
    elif not chapter.is_placed and _has_root(story.slug):
        raise RootExists


def _has_root(story_slug: str) -> bool:
    first = Chapter.objects(story_slug=story_slug, parent_slug=None, branch_index=0)
    return first.only("slug").first() is not None


def _refuse_unless_followed(parent: Chapter, *, deepest: int) -> None:
    """Raise what speaks against a chapter that follows this one."""
    if parent.status == "removed":
        raise ChapterRemoved
    if parent.status not in READABLE:
        raise NotPublishedYet
    if parent.depth >= deepest:
        raise TooDeep(f"A chapter may stand at most {deepest} steps below the first one.")
    if parent.is_full:
        raise NoMoreBranches(f"A chapter has at most {MOST_BRANCHES} branches; pick another one.")
