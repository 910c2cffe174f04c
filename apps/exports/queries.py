"""What a person sees of his exports: never cached, as it changes by itself and is his alone."""

from datetime import datetime
from typing import NamedTuple

from apps.access.rules import Action
from apps.exports.documents import Export
from apps.exports.errors import ExportExpired, ExportNotFound, ExportNotReady, ExportWithdrawn
from apps.exports.links import sign_link
from apps.exports.pages import ExportListPage, ExportPage
from apps.stories.errors import StoryForbidden, StoryNotFound
from apps.stories.services import open_for
from storychain.api.keyset import read_latest
from storychain.api.pagination import decode_cursor

SCOPE = "exports:{user_id}"


class Finished(NamedTuple):
    """A file in the store, and what to call it; no file where it was lost."""

    file: str | None
    title: str
    format: str


def get_export_page(*, export_id: str, user_id: str, now: datetime) -> ExportPage:
    """Return somebody's export; raise ExportNotFound if he has none of this id."""
    return show_export(_get_export(export_id, user_id), now=now)


def list_exports(*, user_id: str, limit: int, cursor: str | None, now: datetime) -> ExportListPage:
    """Return one page of somebody's exports, newest first."""
    scope = SCOPE.format(user_id=user_id)
    page = read_latest(
        Export.objects(user_id=user_id),
        order="created_at",
        limit=limit,
        scope=scope,
        after=decode_cursor(scope, cursor),
    )
    return ExportListPage(
        items=[show_export(export, now=now) for export in page.rows],
        next_cursor=page.next_cursor,
        has_more=page.has_more,
    )


def get_finished(*, export_id: str, user_id: str, now: datetime) -> Finished:
    """Return what can be fetched of somebody's export.

    Raise ExportNotFound, ExportNotReady, ExportExpired past its time, or ExportWithdrawn if he may
    no longer read the story: a file is only as open as what it was made of.
    """
    export = _get_export(export_id, user_id)
    if export.status != "done":
        raise ExportNotReady(export.reason or "The file is not finished yet.")
    if export.expires_at <= now:
        raise ExportExpired
    try:
        open_for(Action.EXPORT, slug=export.story_slug, caller_id=user_id)
    except (StoryNotFound, StoryForbidden) as closed:
        raise ExportWithdrawn from closed
    return Finished(export.file, export.story_title, export.format)


def show_export(export: Export, *, now: datetime) -> ExportPage:
    """Return an export as its owner sees it."""
    is_over = export.expires_at is not None and export.expires_at <= now
    url = None
    if export.status == "done" and not is_over:
        url = sign_link(
            export_id=export.export_id, user_id=export.user_id, expires_at=export.expires_at
        )
    return ExportPage(
        id=export.export_id,
        story_slug=export.story_slug,
        story_title=export.story_title,
        format=export.format,
        chapter_slug=export.chapter_slug,
        path=list(export.path),
        language=export.language,
        status="expired" if is_over else export.status,
        step=export.step,
        reason=export.reason,
        notes=list(export.notes),
        chapters_done=export.done,
        chapters_total=export.total,
        size=export.size,
        file_url=url,
        created_at=export.created_at,
        finished_at=export.finished_at,
        expires_at=export.expires_at,
    )


def _get_export(export_id: str, user_id: str) -> Export:
    export = Export.objects(export_id=export_id, user_id=user_id).first()
    if export is None:
        raise ExportNotFound
    return export
