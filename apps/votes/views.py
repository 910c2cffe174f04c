"""Votes over HTTP: parse, one call, render."""

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.votes import services
from apps.votes.pages import MyVote
from apps.votes.serializers import VoteInput
from storychain.api.authentication import SignedIn
from storychain.api.parsing import read_input
from storychain.api.rates import Rate
from storychain.api.responses import json_response
from storychain.api.schema import schema_for


class StoryVote(APIView):
    """What the caller thinks of a story."""

    rate = Rate.REACTION
    permission_classes = [SignedIn]

    @extend_schema(operation_id="stories_vote", request=VoteInput, responses=schema_for(MyVote))
    def put(self, request: Request, slug: str) -> HttpResponse:
        """Vote for or against a story; the same vote again takes it back."""
        value = services.vote_on_story(
            slug=slug,
            caller_id=request.user.user_id,
            value=read_input(VoteInput, request)["value"],
            now=timezone.now(),
        )
        return json_response(MyVote(value))


class ChapterVote(APIView):
    """What the caller thinks of a chapter."""

    rate = Rate.REACTION
    permission_classes = [SignedIn]

    @extend_schema(operation_id="chapters_vote", request=VoteInput, responses=schema_for(MyVote))
    def put(self, request: Request, slug: str, chapter_slug: str) -> HttpResponse:
        """Vote for or against a chapter; the same vote again takes it back."""
        value = services.vote_on_chapter(
            story_slug=slug,
            slug=chapter_slug,
            caller_id=request.user.user_id,
            value=read_input(VoteInput, request)["value"],
            now=timezone.now(),
        )
        return json_response(MyVote(value))
