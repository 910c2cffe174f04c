"""Writes on chapters and their rules."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from mongoengine.errors import NotUniqueError

from apps.access.rules import CONTRIBUTOR, Action
from apps.chapters.appearing import check_time, note_moment, take_out
from apps.chapters.documents import Chapter, ChapterVersion
from apps.chapters.errors import (
    AlreadyPublished,
    ApprovalRequired,
    ChapterForbidden,
    ChapterRemoved,
    LastChapter,
    RootExists,
    VersionMoved,
    VersionNotFound,
)
from apps.chapters.events import ChapterTakenAway
from apps.chapters.growing import add_to_tree, find_chapter, find_seen, is_theirs
from apps.chapters.text import count_words
from apps.stories.errors import StoryForbidden
from apps.stories.services import Held, open_for
from storychain.api.preconditions import check_version
from storychain.documents import unit_of_work
from storychain.errors import Invalid
from storychain.events import publish

BESIDES = ("publish_at", "choice_text")
"""What of an edit is not the chapter's text, and so makes no version of it."""


def add_root(*, story_slug: str, author_id: str, text: dict[str, Any], now: datetime) -> Chapter:
    """Write a story's first chapter; raise RootExists when there is one.

    With `text["publish_at"]` it is a draft until then, as is any chapter.
    """
    try:
        return _add(
            story_slug=story_slug, parent_slug=None, author_id=author_id, text=text, now=now
        )
    except NotUniqueError as error:  # two at once
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
    """Change a chapter's text, when it appears, or what the way to it is labelled.

    Only another text is a new version; what changes nothing leaves no trace. None as `publish_at`
    is: not by itself. Raise Invalid for the label of a way to a first chapter, VersionMoved if it
    is not at `base_version` any more, PreconditionFailed if it is at none of the `expected` ones,
    AlreadyPublished where readers have it and it is given a time.
    """
    _, chapter = open_chapter_for_edit(
        story_slug=story_slug, slug=slug, caller_id=caller_id, expected=expected
    )
    if base_version is not None and base_version != chapter.version:
        raise VersionMoved(f"It is at version {chapter.version}; read it again and redo the edit.")
    text = {name: value for name, value in changes.items() if name not in BESIDES}
    if "publish_at" in changes:
        _reschedule(chapter, until=changes["publish_at"], now=now)
    if "choice_text" in changes:
        _relabel(chapter, changes["choice_text"], caller_id=caller_id, now=now)
    if "content" in text:
        text["word_count"] = count_words(text["content"])
    by = {"editor_id": caller_id, "reason": reason, "edit_type": "manual_edit"}
    if chapter.revise(changes=text, now=now, **by):
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
    """Give a chapter the text of an earlier version, as a new version; raise VersionNotFound.

    Where it says that already, nothing is done.
    """
    held = open_for(Action.ROLL_BACK, slug=story_slug, caller_id=caller_id)
    chapter = find_chapter(story_slug=held.story.slug, slug=slug)
    _refuse_if_gone(chapter, expected=expected)
    text = ChapterVersion.find(chapter, version=version)
    if text is None:
        raise VersionNotFound(f"It has the versions 1 to {chapter.version}.")
    is_revised = chapter.revise(
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
    if is_revised:
        steps = {"version": chapter.version, "to": version}
        note_moment("chapter_rolled_back", chapter, actor_id=caller_id, now=now, **steps)


@unit_of_work
def delete_chapter(
    *,
    story_slug: str,
    slug: str,
    caller_id: str,
    now: datetime,
    expected: Collection[int] | None = None,
) -> None:
    """Remove a chapter: a leaf goes, a node with chapters below it stays without its text.

    Raise LastChapter where readers would have nothing left.
    """
    held, chapter = open_chapter_for_edit(
        story_slug=story_slug,
        slug=slug,
        caller_id=caller_id,
        expected=expected,
        action=Action.REMOVE_ANY_CHAPTER,
    )
    if chapter.status == held.story.status == "published" and _is_last(chapter):
        raise LastChapter
    is_own, is_of_team = chapter.author_id == caller_id, held.standing.rank >= CONTRIBUTOR
    actor_id = caller_id if is_own or is_of_team else None
    note_moment("chapter_removed", chapter, actor_id=actor_id, now=now)
    if not is_own:
        _announce_removal(chapter, held, now=now)
    take_out(chapter, now=now)


def open_chapter_for_edit(
    *,
    story_slug: str,
    slug: str,
    caller_id: str,
    expected: Collection[int] | None,
    action: Action = Action.EDIT_ANY_CHAPTER,
) -> tuple[Held, Chapter]:
    """Return a chapter that the caller may change (or `action`), and how its story is held.

    Raise ChapterNotFound for what he may not see, ChapterForbidden for what is not his to change,
    ChapterRemoved, or PreconditionFailed.
    """
    held = open_for(Action.READ, slug=story_slug, caller_id=caller_id)
    chapter = find_seen(held, slug=slug)
    if not is_theirs(chapter, held, action=action):
        raise ChapterForbidden
    _refuse_if_gone(chapter, expected=expected)
    return held, chapter


def refuse_unless_writer(held: Held) -> None:
    """Raise ApprovalRequired or StoryForbidden unless the caller's chapters are published here."""
    if held.allows(Action.WRITE_CHAPTER):
        return
    if held.facts.require_approval:
        raise ApprovalRequired("Its co-authors publish chapters; what others write is proposed.")
    raise StoryForbidden("This story takes chapters only from those who work on it.")


def _is_last(chapter: Chapter) -> bool:
    others = Chapter.objects(story_slug=chapter.story_slug, status="published")
    return others.filter(slug__ne=chapter.slug).only("slug").first() is None


def _announce_removal(chapter: Chapter, held: Held, *, now: datetime) -> None:
    publish(
        ChapterTakenAway(
            story_slug=held.story.slug,
            story_title=held.story.title,
            chapter_slug=chapter.slug,
            chapter_title=chapter.title,
            author_id=chapter.author_id,
            actor_id=str(held.standing.user_id),
            taken_at=now,
        )
    )


def _reschedule(chapter: Chapter, *, until: datetime | None, now: datetime) -> None:
    if chapter.status != "draft":
        raise AlreadyPublished
    check_time(until, now=now)
    chapter.wait(until=until, now=now)


def _relabel(chapter: Chapter, label: str, *, caller_id: str, now: datetime) -> None:
    if chapter.parent_slug is None:
        raise Invalid(fields={"choice_text": ["No way leads to a first chapter."]})
    chapter.relabel(label)
    note_moment("chapter_relabelled", chapter, actor_id=caller_id, now=now, label=label)


def _refuse_if_gone(chapter: Chapter, *, expected: Collection[int] | None) -> None:
    if chapter.status == "removed":
        raise ChapterRemoved
    check_version(chapter.version, expected=expected)


@unit_of_work
def _add(
    *, story_slug: str, parent_slug: str | None, author_id: str, text: dict[str, Any], now: datetime
) -> Chapter:
    held = open_for(Action.READ, slug=story_slug, caller_id=author_id)
    refuse_unless_writer(held)
    return add_to_tree(held=held, parent_slug=parent_slug, author_id=author_id, text=text, now=now)
