"""A chapter's versions, for those who work on the story, and for its author.

The current text stands in the chapter, the earlier ones in rows of their own. Version 0 is the
empty page before the first.
"""

from typing import NamedTuple

from apps.access.rules import Action, may
from apps.chapters import keys
from apps.chapters.comparing import compare_texts
from apps.chapters.documents import Chapter, ChapterVersion
from apps.chapters.errors import ChapterForbidden, ChapterNotFound, VersionNotFound
from apps.chapters.invalidation import chapter_page_tags
from apps.chapters.pages import DiffPage, VersionListPage, VersionPage, VersionRow
from apps.chapters.queries import open_chapter
from apps.chapters.text import count_words
from apps.stories.queries import open_story
from apps.users.queries import list_authors
from storychain.api.keyset import cut_page
from storychain.api.pagination import decode_cursor
from storychain.cache.region import Cached, Region

READS = ("chapters", "chapter_versions", "users")
LISTS = Region(
    "chapter.versions", ttl="CHAPTER_DETAIL", type=VersionListPage, finds=("user",), reads=READS
)
PAGES = Region(
    "chapter.version", ttl="CHAPTER_DETAIL", type=VersionPage, finds=("user",), reads=READS
)
DIFFS = Region("chapter.diff", ttl="CHAPTER_DETAIL", type=DiffPage, reads=READS)


class Place(NamedTuple):
    """A chapter whose versions the caller may see."""

    story_slug: str
    slug: str


def open_versions(*, story_slug: str, slug: str, user_id: str | None) -> Place:
    """Return the place of a chapter whose versions the caller may see.

    Raise ChapterNotFound as for the chapter itself, ChapterForbidden for a mere reader.
    """
    opened = open_story(slug=story_slug, user_id=user_id)
    page = open_chapter(opened, slug=slug).page.value
    if page.status == "removed":
        raise ChapterNotFound
    is_author = user_id is not None and page.author.user_id == user_id
    if not is_author and not may(Action.SEE_VERSIONS, standing=opened.standing, facts=opened.facts):
        raise ChapterForbidden("Its versions are for those who work on the story.")
    return Place(story_slug, slug)


def list_versions(place: Place, *, limit: int, cursor: str | None) -> Cached[VersionListPage]:
    """Return one page of a chapter's versions, the current one first, without their texts."""
    scope = keys.chapter_versions(*place)
    after = decode_cursor(scope, cursor)
    return LISTS.get_or_load(
        keys.chapter_versions(*place, limit=limit, after=after),
        tags=_tags(place),
        load=lambda: _load_list(place, limit, scope, after[0] if after else None),
    )


def get_version(place: Place, *, version: int) -> Cached[VersionPage]:
    """Return a chapter's text as it was in one version; raise VersionNotFound."""
    return PAGES.get_or_load(
        keys.chapter_version(*place, version),
        tags=_tags(place),
        load=lambda: _load_version(place, version),
    )


def get_diff(place: Place, *, older: int | None, newer: int | None) -> Cached[DiffPage]:
    """Return what changed from one version to another; by default the latest edit."""
    return DIFFS.get_or_load(
        keys.chapter_diff(*place, older=older, newer=newer),
        tags=_tags(place),
        load=lambda: _load_diff(place, older, newer),
    )


def _tags(place: Place) -> list[str]:
    return chapter_page_tags(story_slug=place.story_slug, slug=place.slug)


def _get(place: Place) -> Chapter:
    chapter = Chapter.objects(slug=place.slug, story_slug=place.story_slug).first()
    if chapter is None or chapter.status == "removed":
        raise ChapterNotFound
    return chapter


def _find(chapter: Chapter, version: int) -> ChapterVersion:
    row = ChapterVersion.find(chapter, version=version)
    if row is None:
        raise VersionNotFound(f"It has the versions 1 to {chapter.version}.")
    return row


def _load_list(place: Place, limit: int, scope: str, before: int | None) -> VersionListPage:
    chapter = _get(place)
    earlier = ChapterVersion.objects(chapter_slug=place.slug).order_by("-version")
    if before is None:
        rows = [ChapterVersion.of(chapter), *earlier.limit(limit)]
    else:
        rows = list(earlier(version__lt=before).limit(limit + 1))
    page = cut_page(rows, limit=limit, scope=scope, place=lambda row: [row.version])
    people = list_authors({row.edited_by for row in page.rows})
    return VersionListPage(
        items=[
            VersionRow(
                version=row.version,
                title=row.title,
                word_count=count_words(row.content),
                edited_by=people[row.edited_by],
                edit_reason=row.edit_reason,
                edit_type=row.edit_type,
                edited_at=row.edited_at,
            )
            for row in page.rows
        ],
        next_cursor=page.next_cursor,
        has_more=page.has_more,
    )


def _load_version(place: Place, version: int) -> VersionPage:
    row = _find(_get(place), version)
    return VersionPage(
        chapter_slug=place.slug,
        version=row.version,
        title=row.title,
        content=row.content,
        edited_by=list_authors([row.edited_by])[row.edited_by],
        edit_reason=row.edit_reason,
        edit_type=row.edit_type,
        edited_at=row.edited_at,
    )


def _load_diff(place: Place, older: int | None, newer: int | None) -> DiffPage:
    chapter = _get(place)
    last = chapter.version if newer is None else newer
    first = max(last - 1, 0) if older is None else older
    old = _find(chapter, first) if first else ChapterVersion()
    new = _find(chapter, last)
    return DiffPage(
        chapter_slug=place.slug,
        older=first,
        newer=last,
        title=compare_texts(old.title, new.title),
        content=compare_texts(old.content, new.content),
    )
