"""What readers see of comments. Lists are cached; invalidation.py says until when."""

from typing import Any

from apps.comments import keys
from apps.comments.documents import Comment
from apps.comments.errors import CommentNotFound
from apps.comments.invalidation import comments_tag
from apps.comments.pages import ChapterCommentListPage, ChapterCommentView
from apps.stories.invalidation import story_tag
from apps.users.pages import AuthorRef
from apps.users.queries import list_authors
from storychain.api.keyset import read_latest
from storychain.api.pagination import decode_cursor
from storychain.cache.region import Cached, Region

LISTS = Region(
    "comment.list",
    ttl="COMMENT_LIST",
    type=ChapterCommentListPage,
    finds=("user",),
    reads=("comments", "users"),
)


def list_comments(
    *, story_slug: str, chapter_slug: str, limit: int, cursor: str | None, parent: str | None = None
) -> Cached[ChapterCommentListPage]:
    """Return one page of what is said below a chapter, or in answer to `parent`, newest first.

    Raise CommentNotFound if the chapter has no such comment.
    """
    scope = f"comments:{chapter_slug}:{parent or ''}"
    after = decode_cursor(scope, cursor)
    return LISTS.get_or_load(
        keys.comment_list(story_slug, chapter_slug, parent=parent, limit=limit, after=after),
        tags=[story_tag(story_slug), comments_tag(chapter_slug)],
        load=lambda: _load(chapter_slug, parent, scope, limit, after),
    )


def get_comment(*, comment_id: str) -> ChapterCommentView:
    """Return one comment, never from a cache; raise CommentNotFound."""
    row = Comment.find_standing(comment_id)
    if row is None:
        raise CommentNotFound
    return _show(row, list_authors([row.user_id]))


def _load(
    chapter_slug: str, parent: str | None, scope: str, limit: int, after: list[Any] | None
) -> ChapterCommentListPage:
    here = Comment.objects(chapter_slug=chapter_slug)
    if parent and here.filter(comment_id=parent).only("comment_id").first() is None:
        raise CommentNotFound
    found = here.filter(parent_id=parent)
    page = read_latest(found, order="created_at", limit=limit, scope=scope, after=after)
    people = list_authors(row.user_id for row in page.rows if row.user_id)
    return ChapterCommentListPage(
        items=[_show(row, people) for row in page.rows],
        next_cursor=page.next_cursor,
        has_more=page.has_more,
    )


def _show(row: Comment, people: dict[str, AuthorRef]) -> ChapterCommentView:
    return ChapterCommentView(
        id=row.comment_id,
        user=people.get(row.user_id),
        upvotes=row.votes.up,
        downvotes=row.votes.down,
        score=row.votes.score,
        **{name: getattr(row, name) for name in _PLAIN},
    )


_PLAIN = (
    "parent_id",
    "depth",
    "content",
    "replies",
    "is_edited",
    "is_deleted",
    "created_at",
    "edited_at",
)
