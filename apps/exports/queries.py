"""What a person sees of his exports: never cached, as it changes by itself and is his alone."""

from datetime import datetime
from typing import Any, NamedTuple

from apps.access.rules import Action
from apps.exports.documents import Export
from apps.exports.errors import ExportExpired, ExportNotFound, ExportNotReady, ExportWithdrawn
from apps.exports.links import sign_link
from apps.exports.pages import ExportListPage, ExportPage
from apps.stories.errors import StoryForbidden, StoryNotFound
from apps.stories.services import open_for
from storychain.api.pagination import decode_cursor, encode_cursor

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
    found = _read_after(decode_cursor(scope, cursor), user_id, most=limit + 1)
    shown, has_more = found[:limit], len(found) > limit
    return ExportListPage(
        items=[show_export(export, now=now) for export in shown],
        next_cursor=encode_cursor(scope, _place(shown[-1])) if has_more else None,
        has_more=has_more,
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


def _place(export: Export) -> list[Any]:
    return [export.created_at.isoformat(), export.export_id]


def _read_after(place: list[Any] | None, user_id: str, *, most: int) -> list[Export]:
    """Return up to so many exports behind this place, in the order (newest, id).

    Two plain reads instead of an `$or`: first what was asked for in the same millisecond.
    """
    mine = Export.objects(user_id=user_id).order_by("-created_at", "-export_id")
    if place is None:
        return list(mine.limit(most))
    created_at, export_id = datetime.fromisoformat(place[0]), place[1]
    found = list(mine.filter(created_at=created_at, export_id__lt=export_id).limit(most))
    if len(found) < most:
        found += mine.filter(created_at__lt=created_at).limit(most - len(found))
    return found
