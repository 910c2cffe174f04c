"""What somebody sees of his own drafts, always from the database."""

from typing import Any

from apps.autosaves.errors import AutosaveNotFound
from apps.autosaves.pages import AutosaveListPage, AutosavePage, AutosaveRow
from apps.chapters.autosaves import ChapterAutosave
from storychain.api.keyset import read_latest
from storychain.api.pagination import decode_cursor

ROW = tuple(name for name in AutosaveRow.__struct_fields__ if name != "id")


def list_autosaves(
    *, user_id: str, story_slug: str | None, limit: int, cursor: str | None
) -> AutosaveListPage:
    """Return one page of somebody's drafts, the one saved last first; on demand of one story."""
    scope = f"autosaves:{user_id}:{story_slug or ''}"
    mine = {"user_id": user_id} | ({"story_slug": story_slug} if story_slug else {})
    page = read_latest(
        ChapterAutosave.objects(**mine).exclude("content"),
        order="last_saved_at",
        limit=limit,
        scope=scope,
        after=decode_cursor(scope, cursor),
    )
    return AutosaveListPage(
        items=[AutosaveRow(**_row(draft)) for draft in page.rows],
        next_cursor=page.next_cursor,
        has_more=page.has_more,
    )


def get_autosave(*, autosave_id: str, user_id: str) -> AutosavePage:
    """Return one of somebody's drafts; raise AutosaveNotFound."""
    draft = ChapterAutosave.objects(autosave_id=autosave_id, user_id=user_id).first()
    if draft is None:
        raise AutosaveNotFound
    return AutosavePage(**_row(draft), content=draft.content)


def _row(draft: ChapterAutosave) -> dict[str, Any]:
    return {"id": draft.autosave_id, **{name: getattr(draft, name) for name in ROW}}
