"""The chapters of a story that wait to appear, for those who may change any; from the database."""

from apps.chapters.documents import Chapter
from apps.chapters.pages import WaitingListPage, WaitingRow
from apps.users.queries import list_authors
from storychain.api.keyset import read_latest
from storychain.api.pagination import decode_cursor


def list_waiting(*, story_slug: str, limit: int, cursor: str | None) -> WaitingListPage:
    """Return one page of what waits in a story, the newest first."""
    scope = f"waiting:{story_slug}"
    page = read_latest(
        Chapter.objects(story_slug=story_slug, status="draft").exclude("content"),
        order="created_at",
        limit=limit,
        scope=scope,
        after=decode_cursor(scope, cursor),
    )
    authors = list_authors(chapter.author_id for chapter in page.rows)
    return WaitingListPage(
        items=[
            WaitingRow(
                slug=chapter.slug,
                parent_slug=chapter.parent_slug,
                title=chapter.title,
                author=authors[chapter.author_id],
                word_count=chapter.word_count,
                version=chapter.version,
                publish_at=chapter.publish_at,
                created_at=chapter.created_at,
                updated_at=chapter.updated_at,
            )
            for chapter in page.rows
        ],
        next_cursor=page.next_cursor,
        has_more=page.has_more,
    )
