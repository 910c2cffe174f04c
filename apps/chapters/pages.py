"""What readers get to see of chapters."""

from datetime import datetime

import msgspec

from apps.chapters.comparing import Piece
from apps.users.pages import AuthorRef
from storychain.api.pagination import Page


class ChoiceView(msgspec.Struct, frozen=True):
    """A labelled way on: to a chapter below, or by a link to any other of the story."""

    text: str
    chapter_slug: str


class ChapterRef(msgspec.Struct, frozen=True):
    """A chapter beside something of a reader's own; one that was removed has no title."""

    slug: str
    title: str


class ChapterRow(msgspec.Struct, frozen=True, kw_only=True):
    """A chapter in a list, without its text."""

    slug: str
    number: int
    parent_slug: str | None
    depth: int
    branch_index: int
    title: str
    author: AuthorRef
    status: str
    is_ending: bool
    word_count: int
    score: int
    updated_at: datetime


class ChapterPage(ChapterRow, frozen=True, kw_only=True):
    """A chapter as its readers see it; a removed one has no text but its ways to those below.

    A draft has no `branch_index` yet: -1.
    `content` is the Markdown that was written, `html` what is safe to show of it. `publish_at` is
    when a draft appears by itself, for those who see drafts; a draft without appears when told.
    Votes and comments lag by two seconds.
    `is_flagged`: reports or votes have called for its moderators, who have not cleared it.
    """

    story_slug: str
    ancestor_slugs: list[str]
    content: str
    html: str
    reading_minutes: int
    choices: list[ChoiceView]
    version: int
    upvotes: int
    downvotes: int
    comments: int
    comments_locked: bool
    created_at: datetime
    publish_at: datetime | None
    is_flagged: bool


class WaitingRow(msgspec.Struct, frozen=True, kw_only=True):
    """A chapter that waits to appear: at `publish_at`, or without it when somebody says so."""

    slug: str
    parent_slug: str | None
    title: str
    author: AuthorRef
    word_count: int
    version: int
    publish_at: datetime | None
    created_at: datetime
    updated_at: datetime


class WaitingListPage(Page[WaitingRow], frozen=True, kw_only=True):
    """One page of what waits in a story, the newest first; `next_cursor` asks for what is older."""


class VersionRow(msgspec.Struct, frozen=True, kw_only=True):
    """What was done to a chapter, by whom and why."""

    version: int
    title: str
    word_count: int
    edited_by: AuthorRef
    edit_reason: str
    edit_type: str
    edited_at: datetime


class VersionListPage(Page[VersionRow], frozen=True, kw_only=True):
    """One page of a chapter's versions; `next_cursor` asks for the following one."""


class VersionPage(msgspec.Struct, frozen=True, kw_only=True):
    """A chapter's text as it was in one version, as Markdown."""

    chapter_slug: str
    version: int
    title: str
    content: str
    edited_by: AuthorRef
    edit_reason: str
    edit_type: str
    edited_at: datetime


class DiffPage(msgspec.Struct, frozen=True, kw_only=True):
    """What changed from the version `older` to `newer`, in pieces to show one after the other."""

    chapter_slug: str
    older: int
    newer: int
    title: list[Piece]
    content: list[Piece]


class NodeView(msgspec.Struct, frozen=True, kw_only=True):
    """A chapter's place in the tree; `author_id` is a key of the tree's `authors`."""

    slug: str
    parent_slug: str | None
    depth: int
    branch_index: int
    title: str
    author_id: str
    status: str
    is_ending: bool
    word_count: int
    score: int


class TreePage(msgspec.Struct, frozen=True, kw_only=True):
    """A story's whole tree as a flat list in the order in which the chapters came."""

    story_slug: str
    nodes: list[NodeView]
    authors: dict[str, AuthorRef]


class ChapterListPage(Page[ChapterRow], frozen=True, kw_only=True):
    """One page of a story's chapters; `next_cursor` asks for the following one."""
