"""What somebody sees of his own bookmarks."""

from datetime import datetime

import msgspec

from apps.chapters.pages import ChapterRef
from apps.stories.pages import StoryRef
from storychain.api.pagination import Page


class BookmarkView(msgspec.Struct, frozen=True, kw_only=True):
    """A chapter on one of the caller's shelves, with his note."""

    story: StoryRef
    chapter: ChapterRef
    shelf: str
    note: str
    created_at: datetime
    updated_at: datetime


class BookmarkListPage(Page[BookmarkView], frozen=True, kw_only=True):
    """One page of the caller's bookmarks; `next_cursor` asks for the following one.

    What he may not read now is left out, so a page may be shorter than its limit.
    """
