"""Exports: asked for by a reader, made by a job, removed when their time is over."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from itertools import zip_longest
from time import monotonic
from typing import NamedTuple
from uuid import NAMESPACE_URL, uuid5

from django.conf import settings
from django.utils import timezone
from mongoengine.errors import NotUniqueError

from apps.access.rules import Action
from apps.chapters.errors import ChapterNotFound
from apps.chapters.walking import ChapterText, find_break, list_reading_order, read_texts
from apps.exports.documents import UNDER_WAY, Export
from apps.exports.errors import BrokenPath, CannotRender, NothingToExport, TooManyExports
from apps.exports.events import ExportRequested
from apps.exports.files import drop_file, keep_file, name_file, open_workshop
from apps.exports.imprint import Imprint
from apps.exports.links import sign_link
from apps.exports.manuscript import Manuscript, number_anchors
from apps.exports.rendering import render
from apps.stories.documents import Story
from apps.stories.errors import StoryForbidden, StoryNotFound
from apps.stories.services import open_for
from apps.users.queries import list_authors
from storychain.documents import unit_of_work
from storychain.events import publish
from storychain.queues.running import Cancelled

MOST_AT_ONCE = 5
_NOTE_EVERY_SECONDS = 1.0

Report = Callable[[int, int], None]


class Reason(StrEnum):
    """Why there is no file, in words for the one who asked."""

    DEFECT = "Something went wrong on our side. Please export the story again."
    LOST = "The work was interrupted too often. Please export the story again."
    CANCELLED = "An operator ended the work. Please export the story again later."
    GONE = "The story is gone, or you may no longer read it."
    EMPTY = "The story has no chapters any more."
    PATH_GONE = "A chapter of this path is gone, or no longer follows the one before it."


class StoryChanged(Exception):
    """A chapter went while the story was read: the next try reads what is there then."""


class Made(NamedTuple):
    """A finished file: where to fetch it, and until when."""

    url: str
    expires_at: datetime


def request_export(
    *,
    story_slug: str,
    user_id: str,
    format_name: str,
    chapter_slug: str | None,
    path: list[str],
    language: str,
    now: datetime,
) -> Export:
    """Have a story made into a file; the same request while one is under way returns that one.

    Raise StoryNotFound, ChapterNotFound, BrokenPath, NothingToExport or TooManyExports.
    """
    wanted = Export(
        user_id=user_id,
        story_slug=story_slug,
        format=format_name,
        chapter_slug=chapter_slug,
        path=path,
        language=language,
        open_key="|".join((user_id, story_slug, format_name, chapter_slug or _sum(path), language)),
        created_at=now,
    )
    try:
        return _take_on(wanted)
    except NotUniqueError:  # the same request came at the same moment, and was first
        return _take_on(wanted)


@unit_of_work
def _take_on(wanted: Export) -> Export:
    story = open_for(Action.EXPORT, slug=wanted.story_slug, caller_id=wanted.user_id).story
    if same := Export.objects(open_key=wanted.open_key).first():
        return same
    _refuse_useless(wanted, story)
    wanted.story_title = story.title
    wanted.save(force_insert=True)
    publish(
        ExportRequested(
            export_id=wanted.export_id,
            user_id=wanted.user_id,
            story_slug=wanted.story_slug,
            format=wanted.format,
        )
    )
    return wanted


def _refuse_useless(wanted: Export, story: Story) -> None:
    path_to = wanted.chapter_slug
    if path_to and not list_reading_order(story_slug=story.slug, path_to=path_to):
        raise ChapterNotFound
    if wrong := _find_wrong_step(wanted):
        reason = f"{wrong} is not what a reader comes to there: begin with the first chapter, and"
        raise BrokenPath(fields={"path": [f"{reason} name each one once."]})
    if story.stats.total_chapters < 1:
        raise NothingToExport("Write a chapter first.")
    busy = Export.objects(user_id=wanted.user_id, status__in=UNDER_WAY).limit(MOST_AT_ONCE)
    if len(busy) >= MOST_AT_ONCE:
        raise TooManyExports(f"At most {MOST_AT_ONCE} exports at once; wait for one to end.")


def _sum(path: list[str]) -> str:
    return sha256("|".join(path).encode()).hexdigest() if path else ""


def _find_wrong_step(export: Export) -> str | None:
    """Return the first slug of the path that does not belong there; a second time never does."""
    path = list(export.path)
    twice = next((slug for at, slug in enumerate(path) if slug in path[:at]), None)
    return find_break(story_slug=export.story_slug, path=path) or twice


def render_export(*, export_id: str, is_last_try: bool, report: Report) -> Made | None:
    """Make an export's file and record how that ended; None if it was done before.

    Raise CannotRender where another try would not help. Other errors pass through, for another
    try; only the last one records the failure.
    """
    export = Export.begin(export_id=export_id)
    if export is None:
        return None
    try:
        return _make(export, report)
    except CannotRender as problem:
        export.fail(reason=problem.detail, now=timezone.now())
        raise
    except Cancelled:
        export.fail(reason=Reason.CANCELLED, now=timezone.now())
        raise
    except Exception:
        if is_last_try:
            export.fail(reason=Reason.DEFECT, now=timezone.now())
        raise


def _make(export: Export, report: Report) -> Made | None:
    story = _open_story(export)
    slugs = _choose_chapters(export)
    manuscript = Manuscript(
        title=story.title,
        description=story.description,
        anchors=number_anchors(slugs),
        chapters=_reporting(export, slugs, report),
        shows_choices=not (export.chapter_slug or export.path),
    )
    with open_workshop() as folder:
        path, notes = render(
            manuscript,
            _imprint(export, story),
            format_name=export.format,
            folder=folder,
            tell=lambda step: export.enter(step=step),
        )
        size = path.stat().st_size
        export.enter(step="storing")
        file = keep_file(path, name=name_file(export, attempt=export.attempt))
    try:
        return _hand_over(export, file=file, size=size, chapters=len(slugs), notes=notes)
    except Exception:
        drop_file(file)
        raise


def _choose_chapters(export: Export) -> list[str]:
    """Return the chapters' slugs in reading order, as the story stands now."""
    if export.path:
        if _find_wrong_step(export):
            raise CannotRender(Reason.PATH_GONE)
        return list(export.path)
    slugs = list_reading_order(story_slug=export.story_slug, path_to=export.chapter_slug)
    if not slugs:
        raise CannotRender(Reason.PATH_GONE if export.chapter_slug else Reason.EMPTY)
    return slugs


def _open_story(export: Export) -> Story:
    try:
        return open_for(Action.EXPORT, slug=export.story_slug, caller_id=export.user_id).story
    except (StoryNotFound, StoryForbidden) as gone:
        raise CannotRender(Reason.GONE) from gone


def _imprint(export: Export, story: Story) -> Imprint:
    return Imprint(
        identifier=f"urn:uuid:{export.export_id}",
        story_id=str(uuid5(NAMESPACE_URL, f"storychain:{story.slug}")),
        language=export.language,
        subjects=[*story.settings.genres, *story.tags],
        made_at=export.created_at,
        name_authors=_name_authors,
    )


def _name_authors(ids: Sequence[str]) -> list[str]:
    """Return how these people are called, each name once: all who are gone bear the same."""
    people = list_authors(ids)
    return list(dict.fromkeys(people[user_id].username for user_id in ids))


def _reporting(export: Export, slugs: Sequence[str], report: Report) -> Iterator[ChapterText]:
    """Pass the chapters on and tell how far it is, at most once a second.

    Raise StoryChanged if one is missing: links lead to it.
    """
    told = monotonic()
    for done, (slug, chapter) in enumerate(zip_longest(slugs, read_texts(slugs=slugs))):
        if chapter is None or chapter.slug != slug:
            raise StoryChanged(slug)
        if monotonic() - told >= _NOTE_EVERY_SECONDS:
            told = monotonic()
            export.note(done=done, total=len(slugs))
            report(done, len(slugs))
        yield chapter


def _hand_over(
    export: Export, *, file: str, size: int, chapters: int, notes: list[str]
) -> Made | None:
    """Record the file, unless a later run has taken over: then nobody will ask for it."""
    now = timezone.now()
    expires_at = now + timedelta(seconds=settings.EXPORT_KEEP_SECONDS)
    is_ours = export.complete(
        file=file, size=size, chapters=chapters, notes=notes, now=now, expires_at=expires_at
    )
    if not is_ours:
        drop_file(file)
        return None
    url = sign_link(export_id=export.export_id, user_id=export.user_id, expires_at=expires_at)
    return Made(url, expires_at)
