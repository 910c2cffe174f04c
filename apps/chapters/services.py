"""Writes on chapters and their rules."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from mongoengine.errors import NotUniqueError

from apps.access.rules import Action
from apps.chapters.appearing import (
    announce_chapter,
    check_time,
    count_in,
    note_moment,
    take_out,
)
from apps.chapters.documents import Chapter, ChapterVersion
from apps.chapters.errors import (
    AlreadyPublished,
    ApprovalRequired,
    ChapterForbidden,
    ChapterNotFound,
    ChapterRemoved,
    LastChapter,
    NoMoreBranches,
    NotPublishedYet,
    RootExists,
    TooDeep,
    VersionMoved,
    VersionNotFound,
)
from apps.chapters.limits import MOST_BRANCHES, READABLE
from apps.chapters.text import count_words
from apps.stories.documents import Story
from apps.stories.errors import StoryForbidden
from apps.stories.services import Held, open_for
from apps.stories.slugs import make_slug
from storychain.api.preconditions import check_version
from storychain.documents import unit_of_work


def add_root(*, story_slug: str, author_id: str, text: dict[str, Any], now: datetime) -> Chapter:
    """Write a story's first chapter; raise RootExists when there is one.

    With `text["publish_at"]` it is a draft until then, as is any chapter.
    """
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
    """Change a chapter's text, or when it appears; None as `publish_at` is: not by itself.

    Raise VersionMoved if it is not at `base_version` any more, PreconditionFailed if it is at none
    of the `expected` ones, AlreadyPublished where readers have it and it is given a time.
    """
    _, chapter = open_chapter_for_edit(
        story_slug=story_slug, slug=slug, caller_id=caller_id, expected=expected
    )
    if base_version is not None and base_version != chapter.version:
        raise VersionMoved(f"It is at version {chapter.version}; read it again and redo the edit.")
    text = {name: value for name, value in changes.items() if name != "publish_at"}
    if "publish_at" in changes:
        _reschedule(chapter, until=changes["publish_at"], now=now)
        if not text:
            return
    if "content" in text:
        text["word_count"] = count_words(text["content"])
    chapter.revise(
        changes=text, editor_id=caller_id, reason=reason, edit_type="manual_edit", now=now
    )
    note_moment("chapter_edited", chapter, actor_id=caller_id, now=now, version=chapter.version)


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
    note_moment(
        "chapter_rolled_back",
        chapter,
        actor_id=caller_id,
        now=now,
        version=chapter.version,
        to=version,
    )


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
    _, chapter = open_chapter_for_edit(
        story_slug=story_slug, slug=slug, caller_id=caller_id, expected=expected
    )
    is_whole = chapter.parent_slug is None and not chapter.stats.child_branches
    if is_whole and Story.objects(slug=story_slug, status="published").first():
        raise LastChapter
    note_moment("chapter_removed", chapter, actor_id=caller_id, now=now)
    take_out(chapter, now=now)


def open_chapter_for_edit(
    *, story_slug: str, slug: str, caller_id: str, expected: Collection[int] | None
) -> tuple[Held, Chapter]:
    """Return a chapter that the caller may change, and how its story is held.

    Raise ChapterNotFound for what he may not see, ChapterForbidden for what is not his to change,
    ChapterRemoved, or PreconditionFailed.
    """
    held = open_for(Action.READ, slug=story_slug, caller_id=caller_id)
    chapter = find_seen(held, slug=slug)
    if not _is_theirs(chapter, held):
        raise ChapterForbidden
    _refuse_if_gone(chapter, expected=expected)
    return held, chapter


def find_seen(held: Held, *, slug: str) -> Chapter:
    """Return a chapter of a story; raise ChapterNotFound also for a draft of somebody else's."""
    chapter = _find_chapter(story_slug=held.story.slug, slug=slug)
    if chapter.status in READABLE or _is_theirs(chapter, held):
        return chapter
    raise ChapterNotFound


def _is_theirs(chapter: Chapter, held: Held) -> bool:
    return chapter.author_id == held.standing.user_id or held.allows(Action.EDIT_ANY_CHAPTER)


def _reschedule(chapter: Chapter, *, until: datetime | None, now: datetime) -> None:
    if chapter.status != "draft":
        raise AlreadyPublished
    check_time(until, now=now)
    chapter.wait(until=until, now=now)


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
    check_time(text.get("publish_at"), now=now)
    chapter = Chapter(
        **text,
        status="draft" if "publish_at" in text else "published",
        slug=make_slug(text["title"], fallback="chapter", longest=40, tail=8),
        story_slug=story_slug,
        author_id=author_id,
        word_count=count_words(text["content"]),
        created_at=now,
        updated_at=now,
    )
    parent = _place(chapter, parent_slug=parent_slug, held=held)
    if chapter.status == "draft":
        chapter.number = Story.take_number(slug=story_slug)
        chapter.save(force_insert=True)
        return chapter
    chapter.number = count_in(chapter, now=now)
    chapter.save(force_insert=True)
    announce_chapter(chapter, story=held.story, parent=parent)
    return chapter


def _refuse_unless_writer(held: Held) -> None:
    if held.allows(Action.WRITE_CHAPTER):
        return
    if held.facts.require_approval:
        raise ApprovalRequired("Open a pull request with this chapter instead.")
    raise StoryForbidden("This story takes chapters only from those who work on it.")


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
