"""Bookmarks over HTTP: parse, one call, render. They are their reader's alone."""

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.bookmarks import queries, services
from apps.bookmarks.pages import BookmarkListPage, BookmarkView
from apps.bookmarks.serializers import BookmarkInput, ListInput
from storychain.api.authentication import SignedIn
from storychain.api.pagination import link_next, page_params
from storychain.api.parsing import read_input, read_query
from storychain.api.rates import Rate
from storychain.api.responses import empty_response, json_response
from storychain.api.schema import schema_for


class Bookmarks(APIView):
    """The caller's bookmarks."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="bookmarks_list",
        parameters=[ListInput],
        responses=schema_for(BookmarkListPage),
    )
    def get(self, request: Request) -> HttpResponse:
        """List the caller's bookmarks, the newest first; those that he may read now."""
        limit, cursor = page_params(request)
        page = queries.list_bookmarks(
            user_id=request.user.user_id,
            limit=limit,
            cursor=cursor,
            **read_query(ListInput, request),
        )
        return link_next(request, json_response(page))


class ChapterBookmark(APIView):
    """The caller's bookmark at a chapter."""

    rate = Rate.REACTION
    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="bookmarks_put", request=BookmarkInput, responses=schema_for(BookmarkView)
    )
    def put(self, request: Request, slug: str, chapter_slug: str) -> HttpResponse:
        """Put a chapter on one of the caller's shelves, or move it there."""
        place = {
            "user_id": request.user.user_id,
            "story_slug": slug,
            "chapter_slug": chapter_slug,
        }
        services.put_bookmark(**place, **read_input(BookmarkInput, request), now=timezone.now())
        return json_response(queries.get_bookmark(**place))

    @extend_schema(operation_id="bookmarks_take", responses={204: None})
    def delete(self, request: Request, slug: str, chapter_slug: str) -> HttpResponse:
        """Take the caller's bookmark away, also from what he may no longer read."""
        services.take_bookmark(
            user_id=request.user.user_id, story_slug=slug, chapter_slug=chapter_slug
        )
        return empty_response()
