"""Events and figures over HTTP: parse, one call, render."""

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.access.rules import Action
from apps.analytics import jobs, reports, sheets
from apps.analytics.pages import AcceptedEvents, AnalyticsPage
from apps.analytics.serializers import EventsInput, ReportInput
from apps.stories.queries import open_story
from storychain.api.authentication import SignedIn
from storychain.api.parsing import read_input, read_query
from storychain.api.rates import Rate
from storychain.api.responses import json_response
from storychain.api.schema import schema_for
from storychain.cache.http import cached_response


class Events(APIView):
    """Where clients tell what happened in them."""

    rate = Rate.PUBLIC_WRITE  # of who is signed in a fast one

    @extend_schema(
        operation_id="events_track",
        request=EventsInput,
        responses={202: schema_for(AcceptedEvents)},
    )
    def post(self, request: Request) -> HttpResponse:
        """Take up to 100 events, all or none, from anybody; who is signed in is noted with them.

        Who is not is held to fewer of them, the class `public-write` of `RateLimit-Policy`.

        503 says that none was taken: send them again, with their ids, after `Retry-After`.
        """
        events = read_input(EventsInput, request)["events"]
        ids = jobs.track_all(events, user_id=request.user.user_id, now=timezone.now())
        return json_response(AcceptedEvents(len(ids)), status=202)


class StoryAnalytics(APIView):
    """How a story is read."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="stories_analytics",
        parameters=[ReportInput],
        responses={200: schema_for(AnalyticsPage), (200, "text/csv"): OpenApiTypes.STR},
    )
    def get(self, request: Request, slug: str) -> HttpResponse:
        """Show those who lead a story how it is read: by day, by choice, and to which end."""
        open_story(slug=slug, user_id=request.user.user_id, action=Action.SEE_ANALYTICS)
        asked = read_query(ReportInput, request)
        today = timezone.now().date()
        page = reports.get_analytics(story_slug=slug, days=asked["days"], today=today)
        if asked["format"] == "json":
            return cached_response(request, page, audience="private")
        part = asked["part"]
        content = ("text/csv; charset=utf-8", sheets.write_csv(page.value, part=part))
        etag = f'{page.etag[:-1]}-{part}"'
        return cached_response(request, page, audience="private", etag=etag, content=content)
