"""A reader's own side of things over HTTP: parse, one call, render."""

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.reading import queries
from apps.reading.pages import OverlayPage
from storychain.api.authentication import SignedIn
from storychain.api.responses import json_response
from storychain.api.schema import schema_for


class Overlay(APIView):
    """What a story is to the caller."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="stories_me", responses=schema_for(OverlayPage))
    def get(self, request: Request, slug: str) -> HttpResponse:
        """Show the caller's part in a story, and his texts in it that are not public yet."""
        return json_response(queries.get_overlay(slug=slug, user_id=request.user.user_id))
