"""Comments over HTTP: parse, one call, render."""

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.chapters.queries import open_chapter
from apps.comments import queries, services
from apps.comments.pages import ChapterCommentListPage, ChapterCommentView
from apps.comments.serializers import CommentEdit, CommentFilter, NewComment
from apps.stories.queries import open_story
from apps.votes.pages import MyVote
from apps.votes.serializers import VoteInput
from storychain.api.authentication import SignedIn, SignedInOrReadOnly
from storychain.api.idempotency import IDEMPOTENCY_KEY, create_once
from storychain.api.pagination import link_next, page_params
from storychain.api.parsing import read_input, read_query
from storychain.api.rates import Rate
from storychain.api.responses import created_response, empty_response, json_response
from storychain.api.schema import schema_for
from storychain.cache.http import cached_response


class Comments(APIView):
    """What is said below a chapter."""

    rate = Rate.WRITE
    permission_classes = [SignedInOrReadOnly]

    @extend_schema(
        operation_id="comments_list",
        parameters=[CommentFilter],
        responses=schema_for(ChapterCommentListPage),
    )
    def get(self, request: Request, slug: str, chapter_slug: str) -> HttpResponse:
        """List what answers no comment, or what answers `parent`, the newest first."""
        limit, cursor = page_params(request)
        wanted = read_query(CommentFilter, request)
        opened = open_story(slug=slug, user_id=request.user.user_id)
        audience = open_chapter(opened, slug=chapter_slug).audience
        page = queries.list_comments(
            story_slug=slug, chapter_slug=chapter_slug, limit=limit, cursor=cursor, **wanted
        )
        return link_next(request, cached_response(request, page, audience=audience))

    @extend_schema(
        operation_id="comments_create",
        parameters=[IDEMPOTENCY_KEY],
        request=NewComment,
        responses={201: schema_for(ChapterCommentView)},
    )
    def post(self, request: Request, slug: str, chapter_slug: str) -> HttpResponse:
        """Say something, or answer a comment, at most five levels deep."""
        said = read_input(NewComment, request)

        def create() -> str:
            return services.write_comment(
                story_slug=slug,
                chapter_slug=chapter_slug,
                author_id=request.user.user_id,
                now=timezone.now(),
                **said,
            )

        def show(comment_id: str) -> HttpResponse:
            names = {"slug": slug, "chapter_slug": chapter_slug}
            place = reverse("chapter-comments", kwargs=names)
            return created_response(queries.get_comment(comment_id=comment_id), location=place)

        return create_once(request, create=create, show=show)


class CommentDetail(APIView):
    """One comment."""

    rate = Rate.WRITE
    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="comments_edit", request=CommentEdit, responses=schema_for(ChapterCommentView)
    )
    def patch(self, request: Request, comment_id: str) -> HttpResponse:
        """Put a comment of the caller's into other words."""
        services.edit_comment(
            comment_id=comment_id,
            caller_id=request.user.user_id,
            now=timezone.now(),
            **read_input(CommentEdit, request),
        )
        return json_response(queries.get_comment(comment_id=comment_id))

    @extend_schema(operation_id="comments_delete", responses={204: None})
    def delete(self, request: Request, comment_id: str) -> HttpResponse:
        """Delete a comment; one that was answered keeps its place, without its text."""
        services.delete_comment(
            comment_id=comment_id, caller_id=request.user.user_id, now=timezone.now()
        )
        return empty_response()


class CommentVote(APIView):
    """What the caller thinks of a comment."""

    rate = Rate.REACTION
    permission_classes = [SignedIn]

    @extend_schema(operation_id="comments_vote", request=VoteInput, responses=schema_for(MyVote))
    def put(self, request: Request, comment_id: str) -> HttpResponse:
        """Vote for or against a comment; the same vote again takes it back."""
        value = services.vote_on_comment(
            comment_id=comment_id,
            caller_id=request.user.user_id,
            value=read_input(VoteInput, request)["value"],
            now=timezone.now(),
        )
        return json_response(MyVote(value))


class Lock(APIView):
    """Whether a chapter takes comments, as far as the story's moderators decide."""

    rate = Rate.WRITE
    permission_classes = [SignedIn]

    @extend_schema(operation_id="comments_lock", request=None, responses={204: None})
    def put(self, request: Request, slug: str, chapter_slug: str) -> HttpResponse:
        """Close a chapter's discussion to all but moderators."""
        return self._turn(request, slug, chapter_slug, is_locked=True)

    @extend_schema(operation_id="comments_unlock", responses={204: None})
    def delete(self, request: Request, slug: str, chapter_slug: str) -> HttpResponse:
        """Open a chapter's discussion again."""
        return self._turn(request, slug, chapter_slug, is_locked=False)

    def _turn(
        self, request: Request, slug: str, chapter_slug: str, *, is_locked: bool
    ) -> HttpResponse:
        services.lock_comments(
            story_slug=slug,
            chapter_slug=chapter_slug,
            caller_id=request.user.user_id,
            is_locked=is_locked,
            now=timezone.now(),
        )
        return empty_response()
