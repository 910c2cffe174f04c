"""What a person gets to see of his exports."""

from datetime import datetime

import msgspec

from storychain.api.pagination import Page


class ExportPage(msgspec.Struct, frozen=True, kw_only=True):
    """An export and how far it is, in chapters.

    `status` is queued, running (`step` says at what), done, failed (`reason` says why) or expired.
    `notes` say what a finished file lacks. `file_url` is there when it is done and holds until
    `expires_at`, for everybody who has it, as long as the one who asked may read the story.
    """

    id: str
    story_slug: str
    story_title: str
    format: str
    chapter_slug: str | None
    path: list[str]
    language: str
    status: str
    step: str
    reason: str
    notes: list[str]
    chapters_done: int
    chapters_total: int
    size: int | None
    file_url: str | None
    created_at: datetime
    finished_at: datetime | None
    expires_at: datetime | None


class ExportListPage(Page[ExportPage], frozen=True, kw_only=True):
    """One page of somebody's exports, newest first; `next_cursor` asks for the following one."""
