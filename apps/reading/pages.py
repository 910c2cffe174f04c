"""What a story is to its reader."""

from datetime import datetime

import msgspec

from apps.autosaves.pages import AutosaveRow
from apps.bookmarks.pages import BookmarkView
from apps.chapters.pages import ChapterRef
from apps.collaboration.pages import MyRolePage
from apps.pulls.pages import PullRow
from apps.stories.pages import StoryRef
from apps.votes.pages import VoteView
from storychain.api.pagination import Page


class WaitingChapter(msgspec.Struct, frozen=True, kw_only=True):
    """A chapter of the caller's that nobody else reads yet; at `publish_at`, if set, they will."""

    slug: str
    parent_slug: str | None
    title: str
    version: int
    publish_at: datetime | None
    updated_at: datetime


class BeatPage(msgspec.Struct, frozen=True):
    """What a heartbeat has come to: `seconds` at this chapter since the caller turned to it.

    `counted` is false while another tab of his reads this story; from 20 seconds on it is read.
    """

    counted: bool
    seconds: int
    is_read: bool


class HistoryRow(msgspec.Struct, frozen=True, kw_only=True):
    """A story that the caller reads, and where he goes on; None if that chapter is gone."""

    story: StoryRef
    current_chapter: ChapterRef | None
    chapters_read: int
    endings_found: int
    started_at: datetime
    last_read_at: datetime


class HistoryListPage(Page[HistoryRow], frozen=True, kw_only=True):
    """One page of the stories that the caller reads, the latest first.

    What he may not read now is left out, so a page may be shorter than its limit.
    """


class ProgressView(msgspec.Struct, frozen=True, kw_only=True):
    """How far the caller has come in a story, which he need not have begun.

    `path` are the slugs of the chapters that he came through, the latest 100; `completed_endings`
    the endings that he found, the first 100.
    """

    current_chapter_slug: str | None = None
    path: list[str] = []
    chapters_read: int = 0
    endings_found: int = 0
    completed_endings: list[str] = []
    started_at: datetime | None = None
    last_read_at: datetime | None = None


class ChapterReadView(msgspec.Struct, frozen=True, kw_only=True):
    """How many seconds the caller was at a chapter, and whether that counts as read."""

    chapter_slug: str
    read_time: int
    qualified: bool
    last_read_at: datetime


class HistoryPage(Page[ChapterReadView], frozen=True, kw_only=True):
    """How far the caller has come in a story, and one page of its chapters, the latest first."""

    progress: ProgressView


class OverlayPage(MyRolePage, frozen=True, kw_only=True):
    """The caller's own side of a story, to lay over its public pages.

    His part in it and what he may do; his texts that are not public yet, each list the newest
    first and at most 20 long: chapters that wait, drafts, and pull requests that are undecided.
    His bookmarks in it, the newest 20; his votes, the newest 1,000; how far he has come; whether
    he follows it. Whoever may have more of these (`has_more_bookmarks`, `has_more_votes`) asks for
    those of a page by `chapters` and `comments`; a vote on the story is then there as well.
    """

    waiting: list[WaitingChapter]
    autosaves: list[AutosaveRow]
    pulls: list[PullRow]
    bookmarks: list[BookmarkView]
    has_more_bookmarks: bool
    votes: list[VoteView]
    has_more_votes: bool
    progress: ProgressView
    is_following: bool
