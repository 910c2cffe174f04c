"""Steps in a story's life over HTTP: one call, render."""

from collections.abc import Callable

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.stories import queries, services
from apps.stories.pages import StoryPage
from apps.stories.views import show_edited
from storychain.api.authentication import SignedInOrReadOnly
from storychain.api.preconditions import IF_MATCH, versions_in_if_match
from storychain.api.rates import Rate
from storychain.api.schema import schema_for


class _Step(APIView):
    """A step in a story's life."""

    rate = Rate.WRITE
    permission_classes = [SignedInOrReadOnly]

    def _take(self, request: Request, slug: str, step: Callable[..., None]) -> HttpResponse:
        step(
            slug=slug,
            caller_id=request.user.user_id,
            expected=versions_in_if_match(request),
            now=timezone.now(),
        )
        return show_edited(queries.get_story_page(slug=slug))


class Publish(_Step):
    """The step from draft to published."""

    @extend_schema(
        operation_id="stories_publish",
        parameters=[IF_MATCH],
        request=None,
        responses=schema_for(StoryPage),
    )
    def post(self, request: Request, slug: str) -> HttpResponse:
        """Publish a draft; 409 names everything that is still missing."""
        return self._take(request, slug, services.publish_story)


class Archive(_Step):
    """The step out of the readers' sight."""

    @extend_schema(
        operation_id="stories_archive",
        parameters=[IF_MATCH],
        request=None,
        responses=schema_for(StoryPage),
    )
    def post(self, request: Request, slug: str) -> HttpResponse:
        """Take a story from its readers; those who work on it keep it."""
        return self._take(request, slug, services.archive_story)


class Unarchive(_Step):
    """The step back."""

    @extend_schema(
        operation_id="stories_unarchive",
        parameters=[IF_MATCH],
        request=None,
        responses=schema_for(StoryPage),
    )
    def post(self, request: Request, slug: str) -> HttpResponse:
        """Bring an archived story back to where it was; 409 names what readers would miss."""
        return self._take(request, slug, services.unarchive_story)
