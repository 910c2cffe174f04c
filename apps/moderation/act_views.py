"""What moderators did, over HTTP: parse, one call, render."""

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.access.rules import Action
from apps.moderation import queries
from apps.moderation.pages import ActListPage
from apps.moderation.platform import Duty, check_duty
from apps.moderation.serializers import ActsInput
from apps.stories.queries import open_story
from storychain.api.authentication import SignedIn
from storychain.api.pagination import link_next, page_params
from storychain.api.parsing import read_query
from storychain.api.responses import json_response
from storychain.api.schema import schema_for


class Acts(APIView):
    """What moderators did."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="moderation_acts", parameters=[ActsInput], responses=schema_for(ActListPage)
    )
    def get(self, request: Request) -> HttpResponse:
        """List what moderators did, to whom, when and why, for the platform's."""
        limit, cursor = page_params(request)
        chosen = read_query(ActsInput, request)
        check_duty(Duty.LOOK, caller_id=request.user.user_id)
        page = queries.list_acts(limit=limit, cursor=cursor, **chosen)
        return link_next(request, json_response(page))


class StoryActs(APIView):
    """What moderators did in a story."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="stories_acts", responses=schema_for(ActListPage))
    def get(self, request: Request, slug: str) -> HttpResponse:
        """List who did what to whom in a story, when and why, the last first; for its moderators.

        Reports that were decided, flags, bans, appeals, and what was taken from others. What the
        platform does in it is here without a name; what it decides for itself is not.
        """
        limit, cursor = page_params(request)
        caller_id = request.user.user_id
        open_story(slug=slug, user_id=caller_id, action=Action.MODERATE)
        page = queries.list_story_acts(
            story_slug=slug, caller_id=caller_id, limit=limit, cursor=cursor
        )
        return link_next(request, json_response(page))
