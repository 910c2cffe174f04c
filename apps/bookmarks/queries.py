"""What somebody sees of his own bookmarks, always from the database: what he may read, no more."""

from collections.abc import Iterable, Sequence

from apps.bookmarks.documents import Bookmark
from apps.bookmarks.errors import BookmarkNotFound
from apps.bookmarks.pages import BookmarkListPage, BookmarkView
from apps.chapters.queries import list_named
from apps.stories.queries import list_readable
from storychain.api.keyset import read_latest
from storychain.api.pagination import decode_cursor


def list_bookmarks(
    *,
    user_id: str,
    limit: int,
    cursor: str | None,
    shelf: str | None = None,
    story_slug: str | None = None,
) -> BookmarkListPage:
    """Return one page of somebody's bookmarks, the newest first; on demand of a shelf or story."""
    chosen = {"shelf": shelf, "story_slug": story_slug}
    scope = f"bookmarks:{user_id}:{shelf or ''}:{story_slug or ''}"
    page = read_latest(
        Bookmark.objects(user_id=user_id, **{k: v for k, v in chosen.items() if v}),
        order="created_at",
        limit=limit,
        scope=scope,
        after=decode_cursor(scope, cursor),
    )
    return BookmarkListPage(
        items=_show(page.rows, user_id), next_cursor=page.next_cursor, has_more=page.has_more
    )


def list_bookmarks_at(
    *, user_id: str, story_slug: str, chapter_slugs: Iterable[str]
) -> list[BookmarkView]:
    """Return somebody's bookmarks at these chapters of a story, as far as he may read them."""
    at = {"story_slug": story_slug, "chapter_slugs": chapter_slugs}
    return _show(Bookmark.list_at(user_id=user_id, **at), user_id)


def get_bookmark(*, user_id: str, story_slug: str, chapter_slug: str) -> BookmarkView:
    """Return somebody's bookmark at a chapter; raise BookmarkNotFound."""
    kept = Bookmark.find(user_id=user_id, story_slug=story_slug, chapter_slug=chapter_slug)
    shown = _show([kept] if kept else [], user_id)
    if not shown:
        raise BookmarkNotFound
    return shown[0]


def _show(rows: Sequence[Bookmark], user_id: str) -> list[BookmarkView]:
    stories = list_readable((row.story_slug for row in rows), user_id=user_id)
    chapters = list_named(row.chapter_slug for row in rows)
    return [
        BookmarkView(
            story=stories[row.story_slug],
            chapter=chapters[row.chapter_slug],
            shelf=row.shelf,
            note=row.note,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )
        for row in rows
        if row.story_slug in stories and row.chapter_slug in chapters
    ]
