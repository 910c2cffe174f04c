"""Imports: a file becomes a story with all its chapters, or nothing at all."""

from collections.abc import Callable, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Literal, NamedTuple

from mongoengine.errors import NotUniqueError

from apps.chapters.planting import plant_tree
from apps.imports.documents import ImportRecord
from apps.imports.errors import AlreadyImporting, BadTitle
from apps.imports.limits import LONGEST_TAG, LONGEST_TITLE, MOST_TAGS, SHORTEST_TITLE
from apps.imports.links import shorten
from apps.imports.reading import Format, measure_depths, read_story
from apps.imports.shapes import ImportedStory
from apps.stories.documents import Story
from apps.stories.errors import WrongStatus
from apps.stories.services import create_story, publish_story
from apps.users.services import ensure_user
from storychain.documents import unit_of_work

TRIES = 3
FALLBACK_TITLE = "An imported story"
LONGEST_AUTHOR = 200
KINDS: dict[Format, str] = {
    "novel": "a plain-text novel",
    "markdown": "a Markdown file",
    "twee": "a Twee story",
}

Report = Callable[[int, int], None]


class ImportResult(NamedTuple):
    """The story that stands for a file; `created` is False where it stood already."""

    story_slug: str
    chapters: int
    created: bool
    notes: Sequence[str] = ()


def import_story(
    *,
    data: bytes,
    author_id: str,
    now: datetime,
    format: Format | Literal["auto"] = "auto",  # noqa: A002 - the word of the command and the API
    title: str | None = None,
    fallback_title: str = FALLBACK_TITLE,
    progress: Report | None = None,
) -> ImportResult:
    """Make a draft of a file, with all its chapters, in one unit of work.

    The same bytes of the same author again change nothing, whatever title or format is named, and
    return the story that stands, unless it was deleted. `fallback_title` is for a file that names
    none. `progress` hears how many chapters of how many are written. Imports are exempt from the
    limits on new stories. Raise BadTitle or one of the conditions of `read_story`.
    """
    _refuse_bad_title(title)
    digest = sha256(data).hexdigest()
    if stands := _find_standing(author_id=author_id, digest=digest):
        return stands
    format_name, story = read_story(data=data, format=format)
    ensure_user(user_id=author_id, now=now)
    for _ in range(TRIES):
        try:
            return _keep(
                story=story,
                title=title or _fit_title(story.title, fallback_title),
                format_name=format_name,
                author_id=author_id,
                digest=digest,
                now=now,
                progress=progress or (lambda _done, _total: None),
            )
        except NotUniqueError:
            continue  # the same file was kept at the same moment: the next try finds it
    raise AlreadyImporting


def find_import(*, author_id: str, slug: str) -> ImportResult:
    """Return what is known of an import that made this story; its notes are not kept."""
    record = ImportRecord.objects.get(author_id=author_id, story_slug=slug)
    return ImportResult(slug, record.chapters, created=True)


def publish_import(*, story_slug: str, author_id: str, now: datetime) -> bool:
    """Publish an imported draft; tell whether it was one."""
    try:
        publish_story(slug=story_slug, caller_id=author_id, now=now)
    except WrongStatus:
        return False
    return True


@unit_of_work
def _keep(
    *,
    story: ImportedStory,
    title: str,
    format_name: Format,
    author_id: str,
    digest: str,
    now: datetime,
    progress: Report,
) -> ImportResult:
    if stands := _find_standing(author_id=author_id, digest=digest):
        return stands
    total = len(story.nodes)
    kept = create_story(
        creator_id=author_id,
        now=now,
        is_import=True,
        title=title,
        description=_describe(story, title=title, format_name=format_name),
        tags=_fit_tags(story.tags),
        settings={"max_depth": max(1, *measure_depths(story.nodes))},
    )
    # Before the chapters, so that of two imports of one file the later gives way early.
    ImportRecord.keep(
        author_id=author_id,
        digest=digest,
        story_slug=kept.slug,
        format_name=format_name,
        chapters=total,
        now=now,
    )
    plant_tree(
        story=kept,
        author_id=author_id,
        nodes=story.nodes,
        now=now,
        progress=_sum_up(progress, total),
    )
    return ImportResult(kept.slug, total, created=True, notes=story.notes)


def _find_standing(*, author_id: str, digest: str) -> ImportResult | None:
    """Return what the same file became earlier, unless that was deleted since."""
    record = ImportRecord.find(author_id=author_id, digest=digest)
    if record is None:
        return None
    story = Story.objects(slug=record.story_slug).only("status").first()
    if story is None or story.status == "deleted":
        return None
    return ImportResult(record.story_slug, record.chapters, created=False)


def _sum_up(progress: Report, total: int) -> Callable[[int], None]:
    """Turn "so many more" into "so many of so many"; a unit that is tried again begins at 0."""
    done = 0

    def report(more: int) -> None:
        nonlocal done
        done += more
        progress(done, total)

    return report


def _refuse_bad_title(title: str | None) -> None:
    if title is None:
        return
    if not SHORTEST_TITLE <= len(title.strip()) <= LONGEST_TITLE or len(title.splitlines()) > 1:
        reason = f"{SHORTEST_TITLE} to {LONGEST_TITLE} characters, in one line."
        raise BadTitle(fields={"title": [reason]})


def _fit_title(*titles: str) -> str:
    """Return the first title that is long enough, cut where it is too long."""
    tidied = (" ".join(title.split()) for title in titles)
    fits = (title for title in tidied if len(title) >= SHORTEST_TITLE)
    return shorten(next(fits, FALLBACK_TITLE), longest=LONGEST_TITLE)


def _fit_tags(tags: Sequence[str]) -> list[str]:
    """Return as many tags as a story may have, each once, without those that are too long."""
    fits = (tag for tag in dict.fromkeys(tags) if len(tag) <= LONGEST_TAG)
    return list(fits)[:MOST_TAGS]


def _describe(story: ImportedStory, *, title: str, format_name: Format) -> str:
    """Return a description with the author's name, which is kept nowhere else."""
    author = shorten(story.author, longest=LONGEST_AUTHOR)
    by = f" by {author}" if author else ""
    count = len(story.nodes)
    chapters = "1 chapter" if count == 1 else f"{count:,} chapters"
    return f"{title}{by}. {chapters}, imported from {KINDS[format_name]}."
