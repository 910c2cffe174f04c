"""What a story is to its reader."""

from datetime import datetime

import msgspec

from apps.autosaves.pages import AutosaveRow
from apps.bookmarks.pages import BookmarkView
from apps.collaboration.pages import MyRolePage
from apps.pulls.pages import PullRow
from apps.votes.pages import VoteView


class WaitingChapter(msgspec.Struct, frozen=True, kw_only=True):
    """A chapter of the caller's that nobody else reads yet; at `publish_at`, if set, they will."""

    slug: str
    parent_slug: str | None
    title: str
    version: int
    publish_at: datetime | None
    updated_at: datetime


class OverlayPage(MyRolePage, frozen=True, kw_only=True):
    """The caller's own side of a story, to lay over its public pages.

    His part in it and what he may do; his texts that are not public yet, each list the newest
    first and at most 20 long: chapters that wait, drafts, and pull requests that are undecided.
    His bookmarks in it, the newest 20, and his votes.
    """

    waiting: list[WaitingChapter]
    autosaves: list[AutosaveRow]
    pulls: list[PullRow]
    bookmarks: list[BookmarkView]
    votes: list[VoteView]
