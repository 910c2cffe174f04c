"""What readers get to see of pull requests."""

from datetime import datetime

import msgspec

from apps.users.pages import AuthorRef
from storychain.api.pagination import Page


class ApprovalsView(msgspec.Struct, frozen=True):
    """How many approvals it takes, how many there are, and whether voters approved instead."""

    required: int
    received: int
    is_automatic: bool


class PullRow(msgspec.Struct, frozen=True, kw_only=True):
    """A pull request in a list, without its texts; what is withheld has no title any more."""

    id: str
    story_slug: str
    kind: str
    chapter_slug: str | None
    parent_slug: str | None
    title: str
    author: AuthorRef
    status: str
    is_draft: bool
    is_withheld: bool
    labels: list[str]
    word_count: int
    score: int
    approvals: ApprovalsView
    comments: int
    created_at: datetime
    updated_at: datetime


class PullListPage(Page[PullRow], frozen=True, kw_only=True):
    """One page of pull requests; `next_cursor` asks for the following one."""


class VotesView(msgspec.Struct, frozen=True):
    """Votes for and against the text as it is now."""

    up: int
    down: int
    score: int


class AutoApproveView(msgspec.Struct, frozen=True):
    """Approval by votes: a score of `threshold` within `time_window` days of being ready."""

    enabled: bool
    threshold: int
    time_window: int


class BlockerView(msgspec.Struct, frozen=True):
    """What stands against a merge: draft, changes_requested, base_moved or base_removed.

    `user` is who can take it away, if it is one person.
    """

    code: str
    user: AuthorRef | None


class PullPage(PullRow, frozen=True, kw_only=True):
    """A pull request. `content` is Markdown, `html` what is safe to show of it.

    `chapter_slug` is the chapter that an edit changes, or the one that a merge has made.
    `can_merge`: as many approvals as it takes, and no blockers. `is_withheld`: its words were taken
    away, by its author, by a moderator or with the chapter that they stood in; it has no texts.
    """

    description: str
    chapter_title: str | None
    content: str
    html: str
    choice_text: str | None
    is_ending: bool | None
    base_version: int | None
    version: int
    votes: VotesView
    auto_approve: AutoApproveView
    blockers: list[BlockerView]
    can_merge: bool
    merged_by: AuthorRef | None
    merged_at: datetime | None
    closed_by: AuthorRef | None
    closed_at: datetime | None
