"""A reader's own side of things over HTTP: parse, one call, render."""

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.reading import history, queries, services
from apps.reading.pages import BeatPage, HistoryListPage, HistoryPage, OverlayPage
from apps.reading.serializers import HeartbeatInput, OverlayInput
from apps.stories.queries import open_story
from storychain.api.authentication import SignedIn
from storychain.api.pagination import link_next, page_params
from storychain.api.parsing import read_input, read_query
from storychain.api.rates import Rate
from storychain.api.responses import empty_response, json_response
from storychain.api.schema import schema_for
from storychain.cache.http import cached_response


class Overlay(APIView):
    """What a story is to the caller."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="stories_me", parameters=[OverlayInput], responses=schema_for(OverlayPage)
    )
    def get(self, request: Request, slug: str) -> HttpResponse:
        """Show the caller's part in a story, and his texts in it that are not public yet.

        For a page of many chapters or comments, name them: his votes and bookmarks at them are then
        all there.
        """
        asked = read_query(OverlayInput, request)
        page = queries.get_overlay(slug=slug, user_id=request.user.user_id, **asked)
        return json_response(page)


class History(APIView):
    """The stories that the caller reads."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="reading_history_list", responses=schema_for(HistoryListPage))
    def get(self, request: Request) -> HttpResponse:
        """List the stories that the caller reads, the latest first, each with where to go on."""
        limit, cursor = page_params(request)
        page = history.list_history(user_id=request.user.user_id, limit=limit, cursor=cursor)
        return link_next(request, cached_response(request, page, audience="private"))


class Heartbeat(APIView):
    """That the caller is reading."""

    rate = Rate.FAST_WRITE
    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="reading_history_heartbeat",
        request=HeartbeatInput,
        responses=schema_for(BeatPage),
    )
    def post(self, request: Request) -> HttpResponse:
        """Tell which chapter is open: when it is opened, and every 30 seconds while it is read.

        The time since the tab's last heartbeat counts, if that was at most 40 seconds ago. One tab
        counts a story; another takes over when the first has been silent for longer than that.
        `seconds` are those of this stay: a longer silence, midnight (UTC) and another chapter begin
        a new one.
        """
        told, user_id = read_input(HeartbeatInput, request), request.user.user_id
        tab, now = told.pop("session_id"), timezone.now()
        open_story(slug=told["story_slug"], user_id=user_id)
        return json_response(BeatPage(*services.beat(**told, user_id=user_id, tab=tab, now=now)))


class StoryHistory(APIView):
    """What the caller read of a story."""

    rate = Rate.WRITE
    permission_classes = [SignedIn]

    @extend_schema(operation_id="stories_reading_history", responses=schema_for(HistoryPage))
    def get(self, request: Request, slug: str) -> HttpResponse:
        """Show where the caller is in a story, the endings that he found, and what he read."""
        limit, cursor = page_params(request)
        open_story(slug=slug, user_id=request.user.user_id)
        page = history.get_history(
            user_id=request.user.user_id, story_slug=slug, limit=limit, cursor=cursor
        )
        return link_next(request, json_response(page))

    @extend_schema(operation_id="stories_reading_history_forget", responses={204: None})
    def delete(self, request: Request, slug: str) -> HttpResponse:
        """Forget what the caller read of a story, also if he may not read it any more."""
        services.forget_history(user_id=request.user.user_id, story_slug=slug)
        return empty_response()
