"""What somebody sees of his own reading: the list of stories cached, the rest as it is now."""

from typing import Any

from apps.chapters.queries import list_named
from apps.reading import keys
from apps.reading.documents import ChapterRead, ReadingHistory, Sitting
from apps.reading.invalidation import history_tag
from apps.reading.limits import MOST_ENDINGS
from apps.reading.pages import (
    ChapterReadView,
    HistoryListPage,
    HistoryPage,
    HistoryRow,
    ProgressView,
)
from apps.stories.queries import list_readable
from storychain.api.keyset import Slice, read_latest
from storychain.api.pagination import decode_cursor
from storychain.cache.region import Cached, Region

LISTS = Region(
    "reading.history",
    ttl="READING_HISTORY",
    type=HistoryListPage,
    finds=("story", "chapter", "standing", "platform-role"),
    reads=(
        "reading_histories",
        "stories",
        "chapters",
        "collaborators",
        "story_bans",
        "platform_roles",
    ),
)


def list_history(*, user_id: str, limit: int, cursor: str | None) -> Cached[HistoryListPage]:
    """Return one page of the stories that somebody reads and may read, the latest first."""
    scope = keys.reading_history(user_id)
    after = decode_cursor(scope, cursor)
    return LISTS.get_or_load(
        keys.reading_history(user_id, limit=limit, after=after),
        tags=[history_tag(user_id)],
        load=lambda: _load_list(user_id, scope=scope, limit=limit, after=after),
    )


def get_history(*, user_id: str, story_slug: str, limit: int, cursor: str | None) -> HistoryPage:
    """Return what somebody read of a story, with one page of its chapters."""
    scope = f"reads:{user_id}:{story_slug}"
    after = decode_cursor(scope, cursor)
    history = ReadingHistory.find(user_id=user_id, story_slug=story_slug)
    if history is None:
        return HistoryPage(progress=ProgressView(), items=[], next_cursor=None, has_more=False)
    page = read_latest(
        ChapterRead.objects(history_id=history.history_id),
        order="last_read_at",
        limit=limit,
        scope=scope,
        after=after,
    )
    return HistoryPage(
        progress=_show_progress(history),
        items=_show_reads(page, Sitting.find(user_id=user_id, story_slug=story_slug)),
        next_cursor=page.next_cursor,
        has_more=page.has_more,
    )


def get_progress(*, user_id: str, story_slug: str) -> ProgressView:
    """Return how far somebody has come in a story."""
    history = ReadingHistory.find(user_id=user_id, story_slug=story_slug)
    return _show_progress(history) if history else ProgressView()


def _load_list(user_id: str, *, scope: str, limit: int, after: list[Any] | None) -> HistoryListPage:
    mine = ReadingHistory.objects(user_id=user_id).exclude("path")
    page = read_latest(mine, order="last_read_at", limit=limit, scope=scope, after=after)
    stories = list_readable((row.story_slug for row in page.rows), user_id=user_id)
    shown = [row for row in page.rows if row.story_slug in stories]
    chapters = list_named(row.current_chapter_slug for row in shown)
    return HistoryListPage(
        items=[
            HistoryRow(
                story=stories[row.story_slug],
                current_chapter=chapters.get(row.current_chapter_slug),
                chapters_read=row.chapters_read,
                endings_found=row.endings_found,
                started_at=row.started_at,
                last_read_at=row.last_read_at,
            )
            for row in shown
        ],
        next_cursor=page.next_cursor,
        has_more=page.has_more,
    )


def _show_progress(history: ReadingHistory) -> ProgressView:
    found = ChapterRead.objects(history_id=history.history_id, is_ending=True)
    endings = found.order_by("qualified_at").limit(MOST_ENDINGS)
    return ProgressView(
        current_chapter_slug=history.current_chapter_slug,
        path=list(history.path),
        chapters_read=history.chapters_read,
        endings_found=history.endings_found,
        completed_endings=[row.chapter_slug for row in endings.only("chapter_slug")],
        started_at=history.started_at,
        last_read_at=history.last_read_at,
    )


def _show_reads(page: Slice[ChapterRead], sitting: Sitting | None) -> list[ChapterReadView]:
    """Show chapters with the seconds of the stay that is not in them yet."""
    more = {sitting.chapter_slug: sitting.unkept} if sitting else {}
    return [
        ChapterReadView(
            chapter_slug=row.chapter_slug,
            read_time=row.seconds + more.get(row.chapter_slug, 0),
            qualified=row.qualified_at is not None,
            last_read_at=row.last_read_at,
        )
        for row in page.rows
    ]
