"""Chapters on their way to readers, over HTTP: parse, one call, render."""

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.access.rules import Action
from apps.chapters import publishing, waiting
from apps.chapters.pages import ChapterPage, WaitingListPage
from apps.chapters.views import show_edited
from apps.stories.queries import open_story
from storychain.api.authentication import SignedIn
from storychain.api.pagination import link_next, page_params
from storychain.api.preconditions import IF_MATCH, versions_in_if_match
from storychain.api.rates import Rate
from storychain.api.responses import json_response
from storychain.api.schema import schema_for


class Waiting(APIView):
    """What waits in a story."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="chapters_waiting", responses=schema_for(WaitingListPage))
    def get(self, request: Request, slug: str) -> HttpResponse:
        """List the chapters that wait to appear, whoever wrote them, for co-authors; newest first.

        One's own stand in `GET /stories/{slug}/me` as well.
        """
        limit, cursor = page_params(request)
        open_story(slug=slug, user_id=request.user.user_id, action=Action.EDIT_ANY_CHAPTER)
        page = waiting.list_waiting(story_slug=slug, limit=limit, cursor=cursor)
        return link_next(request, json_response(page))


class Publication(APIView):
    """A draft's way to its readers."""

    rate = Rate.WRITE
    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="chapters_publish",
        parameters=[IF_MATCH],
        request=None,
        responses=schema_for(ChapterPage),
    )
    def post(self, request: Request, slug: str, chapter_slug: str) -> HttpResponse:
        """Publish a draft now, whatever time it was given.

        Its author may while he may write in the story, and a co-author may. No place is kept for
        it: 409 says what is in its way, such as the chapter before it, which is removed or full.
        """
        publishing.publish_chapter(
            story_slug=slug,
            slug=chapter_slug,
            caller_id=request.user.user_id,
            expected=versions_in_if_match(request),
            now=timezone.now(),
        )
        return show_edited(request, slug, chapter_slug)
