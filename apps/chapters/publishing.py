"""Drafts that appear: at the time that they were given, or when somebody says so; each once."""

from collections.abc import Collection
from datetime import datetime

from apps.access.queries import load_standing
from apps.access.rules import Action, may
from apps.chapters.documents import Chapter
from apps.chapters.errors import AlreadyPublished
from apps.chapters.growing import show_draft
from apps.chapters.limits import PUBLISHED_AT_ONCE
from apps.chapters.services import open_chapter_for_edit, refuse_unless_writer
from apps.stories.documents import Story
from apps.stories.facts import facts_of
from apps.users.documents import PlatformBan
from storychain.documents import unit_of_work
from storychain.errors import Conflict


@unit_of_work
def publish_chapter(
    *,
    story_slug: str,
    slug: str,
    caller_id: str,
    now: datetime,
    expected: Collection[int] | None = None,
) -> None:
    """Publish a draft now, whatever time it was given.

    Raise AlreadyPublished, and what show_draft raises where it has no place.
    What its author might not write any more is published by those who may change any chapter: they
    approve of it by that. To him raise ApprovalRequired, or StoryForbidden.
    """
    held, chapter = open_chapter_for_edit(
        story_slug=story_slug, slug=slug, caller_id=caller_id, expected=expected
    )
    if chapter.status != "draft":
        raise AlreadyPublished
    refuse_unless_writer(held)
    show_draft(chapter, story=held.story, now=now)


def publish_due(*, now: datetime) -> int:
    """Publish the chapters whose time has come, the longest due first; return how many.

    At most PUBLISHED_AT_ONCE, each a write of its own: what is left over, or cut off by the end of
    a worker, is still due the next time. One that fails is in nobody's way: when all have had their
    turn, raise what failed, together.
    """
    due = Chapter.objects(status="draft", publish_at__lte=now).order_by("publish_at")
    published, failed = 0, []
    for chapter in due.only("slug").limit(PUBLISHED_AT_ONCE):
        try:
            published += _publish(slug=chapter.slug, now=now)
        except Exception as error:  # noqa: BLE001 - all are raised again
            error.add_note(f"chapter {chapter.slug}")
            failed.append(error)
    if failed:
        raise ExceptionGroup("not published", failed)
    return published


@unit_of_work
def _publish(*, slug: str, now: datetime) -> bool:
    """Publish one; tell whether it was still due, as its author may have moved or removed it.

    For what he may not write there any more, or where there is no place left, it waits to be told.
    """
    chapter = Chapter.objects(slug=slug, status="draft", publish_at__lte=now).first()
    if chapter is None:
        return False
    story = Story.objects(slug=chapter.story_slug).first()
    if story is None or not (_may_write(chapter.author_id, story) and _show(chapter, story, now)):
        chapter.wait(until=None, now=now)
        return False
    return True


def _show(chapter: Chapter, story: Story, now: datetime) -> bool:
    """Tell whether there was a place for it."""
    try:
        show_draft(chapter, story=story, now=now)
    except Conflict:
        return False
    return True


def _may_write(author_id: str, story: Story) -> bool:
    """Tell whether its author may still write here: story, settings and his part may have moved.

    No request of his is served while he is banned from the platform, and so this is not either.
    """
    if PlatformBan.find(author_id):
        return False
    standing = load_standing(story_slug=story.slug, user_id=author_id)
    return may(Action.WRITE_CHAPTER, standing=standing, facts=facts_of(story))
