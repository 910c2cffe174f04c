"""Chapters that were given a time to appear: shown when it has come, each once."""

from datetime import datetime

from apps.chapters.documents import Chapter
from apps.chapters.limits import PUBLISHED_AT_ONCE
from apps.chapters.services import announce_chapter
from apps.stories.documents import Story
from storychain.documents import unit_of_work


def publish_due(*, now: datetime) -> int:
    """Publish the chapters whose time has come, the longest due first; return how many.

    At most PUBLISHED_AT_ONCE, each a write of its own: what is left over, or cut off by the end of
    a worker, is still due the next time.
    """
    due = Chapter.objects(status="draft", publish_at__lte=now).order_by("publish_at")
    slugs = [chapter.slug for chapter in due.only("slug").limit(PUBLISHED_AT_ONCE)]
    return sum(_publish(slug=slug, now=now) for slug in slugs)


@unit_of_work
def _publish(*, slug: str, now: datetime) -> bool:
    """Publish one; tell whether it was still due, as its author may have moved or removed it."""
    chapter = Chapter.objects(slug=slug, status="draft", publish_at__lte=now).first()
    if chapter is None:
        return False
    story = Story.objects(slug=chapter.story_slug).first()
    if story is None or story.status == "deleted":
        chapter.appear(status="draft", now=now)  # nobody can read it there; it waits no more
        return False
    chapter.appear(status="published", now=now)
    Story.grow(slug=story.slug, chapters=0, branches=0, contributors=0, now=now)
    parent = Chapter.objects(slug=chapter.parent_slug).first() if chapter.parent_slug else None
    announce_chapter(chapter, story=story, parent=parent)
    return True
