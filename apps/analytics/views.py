"""Events over HTTP: parse, one call, render."""

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.analytics import jobs
from apps.analytics.pages import AcceptedEvents
from apps.analytics.serializers import EventsInput
from storychain.api.parsing import read_input
from storychain.api.rates import Rate
from storychain.api.responses import json_response
from storychain.api.schema import schema_for


class Events(APIView):
    """Where clients tell what happened in them."""

    rate = Rate.FAST_WRITE

    @extend_schema(
        operation_id="events_track",
        request=EventsInput,
        responses={202: schema_for(AcceptedEvents)},
    )
    def post(self, request: Request) -> HttpResponse:
        """Take up to 100 events, all or none, from anybody; who is signed in is noted with them.

        503 says that none was taken: send them again, with their ids, after `Retry-After`.
        """
        events = read_input(EventsInput, request)["events"]
        ids = jobs.track_all(events, user_id=request.user.user_id, now=timezone.now())
        return json_response(AcceptedEvents(len(ids)), status=202)
