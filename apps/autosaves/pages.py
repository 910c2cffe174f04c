"""What somebody sees of his own drafts."""

from datetime import datetime

import msgspec

from storychain.api.pagination import Page


class AutosaveRow(msgspec.Struct, frozen=True, kw_only=True):
    """A draft in the list, without its text.

    `chapter_slug` is the chapter that it edits, `parent_slug` the one that it goes on from; a
    story's first chapter has neither. `base_version` is the chapter's version when it was begun.
    """

    id: str
    story_slug: str
    kind: str
    chapter_slug: str | None
    parent_slug: str | None
    base_version: int | None
    title: str
    save_count: int
    last_saved_at: datetime


class AutosavePage(AutosaveRow, frozen=True, kw_only=True):
    """A draft with its text, as Markdown."""

    content: str


class AutosaveListPage(Page[AutosaveRow], frozen=True, kw_only=True):
    """One page of the caller's drafts; `next_cursor` asks for the following one."""
