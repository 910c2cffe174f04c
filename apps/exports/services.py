"""Exports: asked for by a reader, made by a job, removed when their time is over."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from time import monotonic
from typing import NamedTuple

from django.conf import settings
from django.utils import timezone
from mongoengine.errors import NotUniqueError

from apps.access.rules import Action
from apps.chapters.errors import ChapterNotFound
from apps.chapters.walking import ChapterText, list_reading_order, read_texts
from apps.exports.documents import UNDER_WAY, Export
from apps.exports.errors import CannotRender, NothingToExport, TooManyExports
from apps.exports.events import ExportRequested
from apps.exports.files import clear_workshops, drop_file, keep_file, open_workshop
from apps.exports.links import sign_link
from apps.exports.manuscript import Manuscript, number_anchors
from apps.exports.rendering import FORMATS, Imprint, render
from apps.stories.documents import Story
from apps.stories.errors import StoryForbidden, StoryNotFound
from apps.stories.services import open_for
from apps.users.queries import list_authors
from storychain.documents import unit_of_work
from storychain.events import publish

MOST_AT_ONCE = 5
_NOTE_EVERY_SECONDS = 1.0

Report = Callable[[int, int], None]


class Reason(StrEnum):
    """Why there is no file, in words for the one who asked."""

    DEFECT = "Something went wrong on our side. Please export the story again."
    LOST = "The work was interrupted too often. Please export the story again."
    GONE = "The story is gone, or you may no longer read it."


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
    language: str,
    now: datetime,
) -> Export:
    """Have a story made into a file; the same request while one is under way returns that one.

    Raise StoryNotFound, ChapterNotFound, NothingToExport or TooManyExports.
    """
    wanted = Export(
        user_id=user_id,
        story_slug=story_slug,
        format=format_name,
        chapter_slug=chapter_slug,
        language=language,
        open_key="|".join((user_id, story_slug, format_name, chapter_slug or "", language)),
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
    if story.stats.total_chapters < 1:
        raise NothingToExport("Write a chapter first.")
    busy = Export.objects(user_id=wanted.user_id, status__in=UNDER_WAY).limit(MOST_AT_ONCE)
    if len(busy) >= MOST_AT_ONCE:
        raise TooManyExports(f"At most {MOST_AT_ONCE} exports at once; wait for one to end.")


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
    except Exception:
        if is_last_try:
            export.fail(reason=Reason.DEFECT, now=timezone.now())
        raise


def _make(export: Export, report: Report) -> Made | None:
    story = _open_story(export)
    slugs = list_reading_order(story_slug=story.slug, path_to=export.chapter_slug)
    manuscript = Manuscript(
        title=story.title,
        description=story.description,
        anchors=number_anchors(slugs),
        chapters=_reporting(export, slugs, report),
        shows_choices=export.chapter_slug is None,
    )
    with open_workshop() as folder:
        path = render(manuscript, _imprint(export, story), format_name=export.format, folder=folder)
        size = path.stat().st_size
        name = f"{export.export_id}-{export.attempt}{FORMATS[export.format].suffix}"
        file = keep_file(path, name=name)
    return _hand_over(export, file=file, size=size, chapters=len(slugs))


def _open_story(export: Export) -> Story:
    try:
        return open_for(Action.EXPORT, slug=export.story_slug, caller_id=export.user_id).story
    except (StoryNotFound, StoryForbidden) as gone:
        raise CannotRender(Reason.GONE) from gone


def _imprint(export: Export, story: Story) -> Imprint:
    return Imprint(
        identifier=f"urn:uuid:{export.export_id}",
        language=export.language,
        subjects=[*story.settings.genres, *story.tags],
        made_at=export.created_at,
        name_authors=lambda ids: [list_authors(ids)[user_id].username for user_id in ids],
    )


def _reporting(export: Export, slugs: Sequence[str], report: Report) -> Iterator[ChapterText]:
    """Pass the chapters on and tell how far it is, at most once a second."""
    told = monotonic()
    for done, chapter in enumerate(read_texts(slugs=slugs)):
        if monotonic() - told >= _NOTE_EVERY_SECONDS:
            told = monotonic()
            export.note(done=done, total=len(slugs))
            report(done, len(slugs))
        yield chapter


def _hand_over(export: Export, *, file: str, size: int, chapters: int) -> Made | None:
    """Record the file, unless a later run has taken over: then nobody will ask for it."""
    now = timezone.now()
    expires_at = now + timedelta(seconds=settings.EXPORT_KEEP_SECONDS)
    if not export.complete(file=file, size=size, chapters=chapters, now=now, expires_at=expires_at):
        drop_file(file)
        return None
    url = sign_link(export_id=export.export_id, user_id=export.user_id, expires_at=expires_at)
    return Made(url, expires_at)


def purge_exports(*, now: datetime) -> int:
    """Remove files past their time and end what got stuck; return how many files went.

    What was asked for stays listed for EXPORT_LIST_SECONDS after its file is gone.
    """
    stuck_since = now - timedelta(seconds=settings.EXPORT_STUCK_SECONDS)
    for export in Export.objects(status__in=UNDER_WAY, created_at__lte=stuck_since):
        export.fail(reason=Reason.LOST, now=now)
    expired = Export.objects(expires_at__lte=now, file__exists=True)
    removed = 0
    for export in expired:
        drop_file(export.file)
        export.lose_file()
        removed += 1
    clear_workshops(before=stuck_since)
    listed_since = now - timedelta(seconds=settings.EXPORT_LIST_SECONDS)
    Export.objects(finished_at__lte=listed_since).delete()
    return removed
