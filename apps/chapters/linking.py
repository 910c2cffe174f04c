"""Links: ways across the tree, from a chapter to any other of its story that readers have.

The way to a chapter's child comes and goes with the child. A link is the chapter's own, laid by its
author and co-authors, and no part of its text, so of no version. It goes with either end: where the
text above it is removed, and where what it leads to is gone from the tree. To a chapter that was
removed but keeps its place it still leads, as the way from that one's parent does.
"""

from collections.abc import Collection
from datetime import datetime

from apps.chapters.appearing import note_moment
from apps.chapters.documents import Chapter
from apps.chapters.errors import (
    ChapterRemoved,
    LinkNotFound,
    NoMoreLinks,
    NotPublishedYet,
    WrongLink,
)
from apps.chapters.growing import find_seen
from apps.chapters.limits import MOST_LINKS
from apps.chapters.parts import Choice
from apps.chapters.services import open_chapter_for_edit
from storychain.documents import unit_of_work


@unit_of_work
def lay_link(
    *,
    story_slug: str,
    slug: str,
    target: str,
    text: str,
    caller_id: str,
    now: datetime,
    expected: Collection[int] | None = None,
) -> None:
    """Lead from a chapter to another one, or let the link that does so say something else.

    Raise WrongLink to itself or its own child, NoMoreLinks, ChapterNotFound and ChapterRemoved for
    either end, NotPublishedYet for a draft at the far one, and what open_chapter_for_edit raises.
    """
    held, chapter = open_chapter_for_edit(
        story_slug=story_slug, slug=slug, caller_id=caller_id, expected=expected
    )
    _refuse_as_target(find_seen(held, slug=target), chapter)
    links = chapter.links
    if Choice(text=text, chapter_slug=target) in links:
        return
    if len(links) >= MOST_LINKS and not _lead_to(target, links):
        raise NoMoreLinks(f"A chapter has at most {MOST_LINKS}; take another one away first.")
    Chapter.hold(slug=target)
    chapter.lead(to=target, text=text)
    details = {"target": target, "label": text}
    note_moment("chapter_linked", chapter, actor_id=caller_id, now=now, **details)


@unit_of_work
def cut_link(
    *,
    story_slug: str,
    slug: str,
    target: str,
    caller_id: str,
    now: datetime,
    expected: Collection[int] | None = None,
) -> None:
    """Take every link from a chapter to another one away; raise LinkNotFound if there is none."""
    _, chapter = open_chapter_for_edit(
        story_slug=story_slug, slug=slug, caller_id=caller_id, expected=expected
    )
    if not _lead_to(target, chapter.links):
        raise LinkNotFound
    chapter.lead_no_more(to=target)
    note_moment("chapter_unlinked", chapter, actor_id=caller_id, now=now, target=target)


def _refuse_as_target(target: Chapter, chapter: Chapter) -> None:
    if target.slug == chapter.slug:
        raise WrongLink("A link leads to another chapter; choose one that is not this one.")
    if target.parent_slug == chapter.slug:
        raise WrongLink("The way to a chapter below it is there; its label is that chapter's own.")
    if target.status == "removed":
        raise ChapterRemoved
    if target.status == "draft":
        raise NotPublishedYet


def _lead_to(target: str, links: Collection[Choice]) -> bool:
    return any(way.chapter_slug == target for way in links)
