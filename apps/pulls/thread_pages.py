"""What readers get to see of what others say about a pull request."""

from datetime import datetime
from typing import Any

import msgspec

from apps.pulls.pages import VotesView
from apps.users.pages import AuthorRef
from storychain.api.pagination import Page


class MyVotePage(msgspec.Struct, frozen=True, kw_only=True):
    """The caller's own vote (1, -1, or 0 for none), and what all votes come to."""

    value: int
    votes: VotesView
    status: str


class ReviewView(msgspec.Struct, frozen=True, kw_only=True):
    """A review; `is_current` if the text is still the one that was reviewed.

    `is_binding` if its reviewer may approve. `is_withheld`: its summary was taken away, by its
    reviewer or by a moderator; the verdict still stands.
    """

    id: str
    reviewer: AuthorRef
    verdict: str
    summary: str
    is_withheld: bool
    is_binding: bool
    is_current: bool
    reviewed_at: datetime


class ReviewListPage(Page[ReviewView], frozen=True, kw_only=True):
    """One page of reviews, the latest first; `next_cursor` asks for the following one."""


class CommentView(msgspec.Struct, frozen=True, kw_only=True):
    """A comment; `depth` counts from 0 how deep in its thread it stands below `parent_id`.

    What was deleted is an empty node: `user` is null.
    """

    id: str
    number: int
    user: AuthorRef | None
    parent_id: str | None
    depth: int
    content: str
    is_deleted: bool
    created_at: datetime


class CommentListPage(Page[CommentView], frozen=True, kw_only=True):
    """One page of comments, the oldest first; `next_cursor` asks for the following one."""


class EventView(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the timeline; `actor` is absent where votes did it."""

    number: int
    kind: str
    actor: AuthorRef | None
    details: dict[str, Any]
    at: datetime


class TimelinePage(Page[EventView], frozen=True, kw_only=True):
    """One page of a timeline, the oldest first; `next_cursor` asks for the following one."""
