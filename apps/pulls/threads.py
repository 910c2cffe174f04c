"""What was said about a pull request and what became of it; from the database, by its numbers."""

from typing import Any

from apps.pulls.documents import PullRequest
from apps.pulls.queries import show_votes
from apps.pulls.records import PullComment, PullEvent, PullVote, Review
from apps.pulls.thread_pages import (
    CommentListPage,
    CommentView,
    EventView,
    MyVotePage,
    ReviewListPage,
    ReviewView,
    TimelinePage,
)
from apps.users.pages import AuthorRef
from apps.users.queries import list_authors
from storychain.api.keyset import Slice, cut_page, read_latest
from storychain.api.pagination import decode_cursor


def list_reviews(*, pull_id: str, limit: int, cursor: str | None) -> ReviewListPage:
    """Return one page of a pull request's reviews, the latest first."""
    scope = f"pull-reviews:{pull_id}"
    page = read_latest(
        Review.objects(pull_id=pull_id),
        order="reviewed_at",
        limit=limit,
        scope=scope,
        after=decode_cursor(scope, cursor),
    )
    pull = PullRequest.objects(pull_id=pull_id).only("text_version").get()
    people = list_authors(row.reviewer_id for row in page.rows)
    return ReviewListPage(
        items=[
            ReviewView(
                id=row.review_id,
                reviewer=people[row.reviewer_id],
                verdict=row.verdict,
                summary=row.summary,
                is_withheld=row.is_withheld,
                is_binding=row.is_binding,
                is_current=row.text_version == pull.text_version,
                reviewed_at=row.reviewed_at,
            )
            for row in page.rows
        ],
        next_cursor=page.next_cursor,
        has_more=page.has_more,
    )


def list_comments(*, pull_id: str, limit: int, cursor: str | None) -> CommentListPage:
    """Return one page of a pull request's comments, the oldest first."""
    page = _read_numbered(PullComment, pull_id, limit, cursor)
    people = list_authors({row.user_id for row in page.rows} - {None})
    return CommentListPage(
        items=[_show_comment(row, people) for row in page.rows],
        next_cursor=page.next_cursor,
        has_more=page.has_more,
    )


def get_comment(*, comment_id: str) -> CommentView:
    """Return one comment that is known to be there; it may be deleted."""
    row = PullComment.objects(comment_id=comment_id).get()
    return _show_comment(row, list_authors({row.user_id} - {None}))


def list_timeline(*, pull_id: str, limit: int, cursor: str | None) -> TimelinePage:
    """Return one page of a pull request's timeline, from its beginning."""
    page = _read_numbered(PullEvent, pull_id, limit, cursor)
    people = list_authors({row.actor_id for row in page.rows} - {None})
    return TimelinePage(
        items=[
            EventView(
                number=row.number,
                kind=row.kind,
                actor=people.get(row.actor_id),
                details=dict(row.details),
                at=row.at,
            )
            for row in page.rows
        ],
        next_cursor=page.next_cursor,
        has_more=page.has_more,
    )


def get_my_vote(*, pull_id: str, user_id: str) -> MyVotePage:
    """Return somebody's own vote on a pull request that is known to be there."""
    pull = PullRequest.objects(pull_id=pull_id).exclude("content", "description").get()
    value = PullVote.find_value(pull_id=pull_id, text_version=pull.text_version, user_id=user_id)
    return MyVotePage(value=value, votes=show_votes(pull), status=pull.status)


def _read_numbered(model: Any, pull_id: str, limit: int, cursor: str | None) -> Slice[Any]:
    scope = f"{model.__name__}:{pull_id}"
    after = decode_cursor(scope, cursor)
    found = model.objects(pull_id=pull_id, number__gt=after[0] if after else 0).order_by("number")
    rows = list(found.limit(limit + 1))
    return cut_page(rows, limit=limit, scope=scope, place=lambda row: [row.number])


def _show_comment(row: PullComment, people: dict[str, AuthorRef]) -> CommentView:
    return CommentView(
        id=row.comment_id,
        number=row.number,
        user=people.get(row.user_id),
        parent_id=row.parent_id,
        depth=row.depth,
        content=row.content,
        is_deleted=row.is_deleted,
        created_at=row.created_at,
    )
