"""What others say about a pull request, over HTTP: parse, one call, render."""

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.pulls import queries, reviewing, threads, withholding
from apps.pulls.pages import PullPage
from apps.pulls.serializers import CommentInput, PullVoteInput, ReviewInput
from apps.pulls.thread_pages import (
    CommentListPage,
    CommentView,
    MyVotePage,
    ReviewListPage,
    TimelinePage,
)
from storychain.api.authentication import SignedIn, SignedInOrReadOnly
from storychain.api.idempotency import IDEMPOTENCY_KEY, create_once
from storychain.api.pagination import link_next, page_params
from storychain.api.parsing import read_input
from storychain.api.rates import Rate
from storychain.api.responses import created_response, empty_response, json_response
from storychain.api.schema import schema_for


class Reviews(APIView):
    """What reviewers say."""

    rate = Rate.WRITE
    permission_classes = [SignedInOrReadOnly]

    @extend_schema(operation_id="pulls_reviews", responses=schema_for(ReviewListPage))
    def get(self, request: Request, pull_id: str) -> HttpResponse:
        """List the reviews, one of each reviewer, the latest first."""
        return _list(request, pull_id, threads.list_reviews)

    @extend_schema(
        operation_id="pulls_review",
        parameters=[IDEMPOTENCY_KEY],
        request=ReviewInput,
        responses={201: schema_for(PullPage)},
    )
    def post(self, request: Request, pull_id: str) -> HttpResponse:
        """Review it, in the place of one's earlier review; shows what it has come to.

        An approval counts if its reviewer is a moderator.
        """
        said = read_input(ReviewInput, request)

        def create() -> str:
            reviewing.review_pull(
                pull_id=pull_id, caller_id=request.user.user_id, now=timezone.now(), **said
            )
            return pull_id

        def show(_reviewed: str) -> HttpResponse:
            place = reverse("pull-reviews", kwargs={"pull_id": pull_id})
            return created_response(queries.get_pull(pull_id=pull_id), location=place)

        return create_once(request, create=create, show=show)


class ReviewDetail(APIView):
    """What one reviewer says."""

    rate = Rate.WRITE
    permission_classes = [SignedIn]

    @extend_schema(operation_id="pulls_review_silence", responses={204: None})
    def delete(self, request: Request, pull_id: str, review_id: str) -> HttpResponse:
        """Take away what a review says: its reviewer may, and moderators. Its verdict stands.

        That is what it says now: where its reviewer has reviewed again since it was read, his new
        review has the same id, and is emptied.
        """
        withholding.remove_summary(
            pull_id=pull_id,
            review_id=review_id,
            caller_id=request.user.user_id,
            now=timezone.now(),
        )
        return empty_response()


class Comments(APIView):
    """What everybody says."""

    rate = Rate.WRITE
    permission_classes = [SignedInOrReadOnly]

    @extend_schema(operation_id="pulls_comments", responses=schema_for(CommentListPage))
    def get(self, request: Request, pull_id: str) -> HttpResponse:
        """List the comments as they came; `parent_id` and `depth` make threads of them."""
        return _list(request, pull_id, threads.list_comments)

    @extend_schema(
        operation_id="pulls_comment",
        parameters=[IDEMPOTENCY_KEY],
        request=CommentInput,
        responses={201: schema_for(CommentView)},
    )
    def post(self, request: Request, pull_id: str) -> HttpResponse:
        """Say something, or answer a comment, at most five levels deep."""
        said = read_input(CommentInput, request)

        def create() -> str:
            return reviewing.comment_on_pull(
                pull_id=pull_id, caller_id=request.user.user_id, now=timezone.now(), **said
            )

        def show(comment_id: str) -> HttpResponse:
            place = reverse("pull-comments", kwargs={"pull_id": pull_id})
            return created_response(threads.get_comment(comment_id=comment_id), location=place)

        return create_once(request, create=create, show=show)


class CommentDetail(APIView):
    """One thing that somebody said."""

    rate = Rate.WRITE
    permission_classes = [SignedIn]

    @extend_schema(operation_id="pulls_comment_delete", responses={204: None})
    def delete(self, request: Request, pull_id: str, comment_id: str) -> HttpResponse:
        """Delete a comment: who said it may, and moderators. Its place in the thread stays."""
        withholding.remove_comment(
            pull_id=pull_id,
            comment_id=comment_id,
            caller_id=request.user.user_id,
            now=timezone.now(),
        )
        return empty_response()


class Vote(APIView):
    """What the caller thinks of it."""

    rate = Rate.REACTION
    permission_classes = [SignedIn]

    @extend_schema(operation_id="pulls_my_vote", responses=schema_for(MyVotePage))
    def get(self, request: Request, pull_id: str) -> HttpResponse:
        """Show the caller's own vote on the text as it is now."""
        queries.open_pull_page(pull_id=pull_id, user_id=request.user.user_id)
        return _show_vote(request, pull_id)

    @extend_schema(
        operation_id="pulls_vote", request=PullVoteInput, responses=schema_for(MyVotePage)
    )
    def put(self, request: Request, pull_id: str) -> HttpResponse:
        """Vote for or against it; the same vote again takes it back."""
        reviewing.vote_on_pull(
            pull_id=pull_id,
            caller_id=request.user.user_id,
            value=read_input(PullVoteInput, request)["value"],
            now=timezone.now(),
        )
        return _show_vote(request, pull_id)


class Timeline(APIView):
    """What became of it, step by step."""

    permission_classes = [SignedInOrReadOnly]

    @extend_schema(operation_id="pulls_timeline", responses=schema_for(TimelinePage))
    def get(self, request: Request, pull_id: str) -> HttpResponse:
        """List what happened to it, from its beginning."""
        return _list(request, pull_id, threads.list_timeline)


def _list(request: Request, pull_id: str, read: Any) -> HttpResponse:
    limit, cursor = page_params(request)
    queries.open_pull_page(pull_id=pull_id, user_id=request.user.user_id)
    return link_next(request, json_response(read(pull_id=pull_id, limit=limit, cursor=cursor)))


def _show_vote(request: Request, pull_id: str) -> HttpResponse:
    return json_response(threads.get_my_vote(pull_id=pull_id, user_id=request.user.user_id))
