"""What a person gets to see of what he was told."""

from datetime import datetime
from typing import Any

import msgspec

from apps.users.pages import AuthorRef
from storychain.api.pagination import Page


class NotificationPage(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened: `actor` caused it, where somebody did; `related` says about what.

    All is named as it is called today. What is about a story that the caller may not read any more,
    or a chapter or pull request that is gone, has its type's title and says so; it has no `actor`,
    `related` or `action_url`. Decisions about the caller stay as he was told.
    """

    id: str
    type: str
    title: str
    message: str
    action_url: str | None
    actor: AuthorRef | None
    related: dict[str, Any]
    is_read: bool
    read_at: datetime | None
    created_at: datetime


class NotificationListPage(Page[NotificationPage], frozen=True, kw_only=True):
    """One page of notifications, newest first; `next_cursor` asks for the following one."""


class UnreadCount(msgspec.Struct, frozen=True):
    """How many notifications are unread."""

    unread: int
