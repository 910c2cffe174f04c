"""Writes on chapters and their rules."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from mongoengine.errors import NotUniqueError

from apps.access.rules import Action
from apps.chapters.documents import Chapter, ChapterVersion
from apps.chapters.errors import (
    ApprovalRequired,
    ChapterForbidden,
    ChapterNotFound,
    ChapterRemoved,
    LastChapter,
    NoMoreBranches,
    RootExists,
    TooDeep,
    VersionMoved,
    VersionNotFound,
)
from apps.chapters.events import ChapterAdded
from apps.chapters.limits import MOST_BRANCHES
from apps.chapters.text import count_words
from apps.stories.documents import Moment, Story
from apps.stories.errors import StoryForbidden
from apps.stories.services import Held, open_for
from apps.stories.slugs import make_slug
from apps.users.documents import User
from storychain.api.preconditions import check_version
from storychain.documents import unit_of_work
from storychain.events import publish


def add_root(*, story_slug: str, author_id: str, text: dict[str, Any], now: datetime) -> Chapter:
    """Write a story's first chapter; raise RootExists when there is one."""
    try:
        return _add(
            story_slug=story_slug, parent_slug=None, author_id=author_id, text=text, now=now
        )
    except NotUniqueError as error:
        raise RootExists from error


@unit_of_work
def add_child(
    *, story_slug: str, parent_slug: str, author_id: str, text: dict[str, Any], now: datetime
) -> Chapter:
    """Continue or branch from a chapter; `text["choice_text"]` labels the way to it.

    Raise TooDeep, NoMoreBranches, or ApprovalRequired where the story wants a pull request.
    """
    return _add(
        story_slug=story_slug, parent_slug=parent_slug, author_id=author_id, text=text, now=now
    )


@unit_of_work
def edit_chapter(
    *,
    story_slug: str,
    slug: str,
    caller_id: str,
    changes: dict[str, Any],
    now: datetime,
    base_version: int | None = None,
    expected: Collection[int] | None = None,
    reason: str = "",
) -> None:
    """Change a chapter's text.

    Raise VersionMoved if it is not at `base_version` any more, PreconditionFailed if it is at none
    of the `expected` ones.
    """
    chapter = _open_chapter(story_slug=story_slug, slug=slug, caller_id=caller_id)
    _refuse_if_gone(chapter, expected=expected)
    if base_version is not None and base_version != chapter.version:
        raise VersionMoved(f"It is at version {chapter.version}; read it again and redo the edit.")
    if "content" in changes:
        changes = {**changes, "word_count": count_words(changes["content"])}
    chapter.revise(
        changes=changes, editor_id=caller_id, reason=reason, edit_type="manual_edit", now=now
    )
    _note("chapter_edited", chapter, caller_id, now, version=chapter.version)


@unit_of_work
def roll_back(
    *,
    story_slug: str,
    slug: str,
    caller_id: str,
    version: int,
    now: datetime,
    expected: Collection[int] | None = None,
    reason: str = "",
) -> None:
    """Give a chapter the text of an earlier version, as a new version; raise VersionNotFound."""
    held = open_for(Action.ROLL_BACK, slug=story_slug, caller_id=caller_id)
    chapter = _find_chapter(story_slug=held.story.slug, slug=slug)
    _refuse_if_gone(chapter, expected=expected)
    text = ChapterVersion.find(chapter, version=version)
    if text is None:
        raise VersionNotFound(f"It has the versions 1 to {chapter.version}.")
    chapter.revise(
        changes={
            "title": text.title,
            "content": text.content,
            "word_count": count_words(text.content),
        },
        editor_id=caller_id,
        reason=reason or f"Back to version {version}.",
        edit_type="rollback",
        now=now,
    )
    _note("chapter_rolled_back", chapter, caller_id, now, version=chapter.version, to=version)


@unit_of_work
def delete_chapter(
    *,
    story_slug: str,
    slug: str,
    caller_id: str,
    now: datetime,
    expected: Collection[int] | None = None,
) -> None:
    """Remove a chapter: a leaf goes, a node with chapters below it stays without its text."""
    chapter = _open_chapter(story_slug=story_slug, slug=slug, caller_id=caller_id)
    _refuse_if_gone(chapter, expected=expected)
    _note("chapter_removed", chapter, caller_id, now)
    if chapter.stats.child_branches:
        chapter.empty(now=now)
        return
    if chapter.parent_slug is None and Story.objects(slug=story_slug, status="published").first():
        raise LastChapter
    chapter.drop()
    Story.shrink(slug=story_slug, branches=int(chapter.branch_index > 0))


def _open_chapter(*, story_slug: str, slug: str, caller_id: str) -> Chapter:
    held = open_for(Action.READ, slug=story_slug, caller_id=caller_id)
    chapter = _find_chapter(story_slug=story_slug, slug=slug)
    if chapter.author_id != caller_id and not held.allows(Action.EDIT_ANY_CHAPTER):
        raise ChapterForbidden
    return chapter


def _find_chapter(*, story_slug: str, slug: str) -> Chapter:
    chapter = Chapter.objects(slug=slug, story_slug=story_slug).first()
    if chapter is None:
        raise ChapterNotFound
    return chapter


def _refuse_if_gone(chapter: Chapter, *, expected: Collection[int] | None) -> None:
    if chapter.status == "removed":
        raise ChapterRemoved
    check_version(chapter.version, expected=expected)


@unit_of_work
def _add(
    *, story_slug: str, parent_slug: str | None, author_id: str, text: dict[str, Any], now: datetime
) -> Chapter:
    held = open_for(Action.READ, slug=story_slug, caller_id=author_id)
    _refuse_unless_writer(held)
    fields = {name: value for name, value in text.items() if name != "choice_text"}
    chapter = Chapter(
        **fields,
        slug=make_slug(text["title"], fallback="chapter", longest=40, tail=8),
        story_slug=story_slug,
        author_id=author_id,
        word_count=count_words(text["content"]),
        created_at=now,
        updated_at=now,
    )
    label, deepest = text.get("choice_text") or text["title"], held.story.settings.max_depth
    parent = _place(chapter, parent_slug=parent_slug, label=label, deepest=deepest)
    chapter.number = _count_in(chapter, now=now)
    chapter.save(force_insert=True)
    announce_chapter(chapter, story=held.story, parent=parent)
    return chapter


def announce_chapter(chapter: Chapter, *, story: Story, parent: Chapter | None) -> None:
    """Tell that readers have a new chapter."""
    _note("chapter_added", chapter, chapter.author_id, chapter.updated_at)
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


def _note(kind: str, chapter: Chapter, actor_id: str, now: datetime, **details: Any) -> None:
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


def _refuse_unless_writer(held: Held) -> None:
    if held.allows(Action.WRITE_CHAPTER):
        return
    if held.facts.require_approval:
        raise ApprovalRequired("Open a pull request with this chapter instead.")
    raise StoryForbidden("This story takes chapters only from those who work on it.")


def _place(
    chapter: Chapter, *, parent_slug: str | None, label: str, deepest: int
) -> Chapter | None:
    """Give a new chapter its place in the tree; return its parent, if it has one."""
    chapter.depth, chapter.branch_index = 0, 0
    if parent_slug is None:
        return None
    parent = Chapter.objects(slug=parent_slug, story_slug=chapter.story_slug).first()
    if parent is None:
        raise ChapterNotFound
    if parent.status == "removed":
        raise ChapterRemoved
    if parent.depth >= deepest:
        raise TooDeep(f"A chapter may stand at most {deepest} steps below the first one.")
    branch = Chapter.take_branch(parent_slug=parent_slug, label=label, child_slug=chapter.slug)
    if branch is None:
        raise NoMoreBranches(f"A chapter has at most {MOST_BRANCHES} branches; pick another one.")
    chapter.parent_slug, chapter.branch_index = parent_slug, branch
    chapter.depth = parent.depth + 1
    chapter.ancestor_slugs = [*parent.ancestor_slugs, parent_slug]
    return parent


def _count_in(chapter: Chapter, *, now: datetime) -> int:
    """Count a new chapter for its story and its author; return its number in the story."""
    known = Chapter.objects(story_slug=chapter.story_slug, author_id=chapter.author_id).first()
    User.count_work(user_id=chapter.author_id, chapters=1)
    return Story.grow(
        slug=chapter.story_slug,
        chapters=1,
        branches=int(chapter.branch_index > 0),
        contributors=int(known is None),
        now=now,
    )
