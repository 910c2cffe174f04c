"""What readers get to see of comments."""

from datetime import datetime

import msgspec

from apps.users.pages import AuthorRef
from storychain.api.pagination import Page


class ChapterCommentView(msgspec.Struct, frozen=True, kw_only=True):
    """A comment; `content` is Markdown, sent as it was written.

    What was deleted and has replies is an empty node: `user` is null. Votes lag by two seconds.
    """

    id: str
    parent_id: str | None
    depth: int
    user: AuthorRef | None
    content: str
    upvotes: int
    downvotes: int
    score: int
    replies: int
    is_edited: bool
    is_deleted: bool
    created_at: datetime
    edited_at: datetime | None


class ChapterCommentListPage(Page[ChapterCommentView], frozen=True, kw_only=True):
    """One page of comments, the newest first; `next_cursor` asks for the following one."""
