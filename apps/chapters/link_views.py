"""Links across a story's tree over HTTP: parse, one call, render."""

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.chapters import linking
from apps.chapters.pages import ChapterPage
from apps.chapters.serializers import LinkInput
from apps.chapters.views import show_edited
from storychain.api.authentication import SignedIn
from storychain.api.parsing import read_input
from storychain.api.preconditions import IF_MATCH, versions_in_if_match
from storychain.api.rates import Rate
from storychain.api.responses import empty_response
from storychain.api.schema import schema_for

TARGET = OpenApiParameter(
    "target",
    location=OpenApiParameter.PATH,
    description="The slug of the chapter that the link leads to, of the same story.",
)


class Link(APIView):
    """A way from one chapter to another, across the tree."""

    rate = Rate.WRITE
    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="chapters_link",
        parameters=[TARGET, IF_MATCH],
        request=LinkInput,
        responses=schema_for(ChapterPage),
    )
    def put(self, request: Request, slug: str, chapter_slug: str, target: str) -> HttpResponse:
        """Lead from a chapter to any other of its story, or label such a link anew.

        Its author may, and a co-author. At most ten, none to itself, and none to its own children,
        to which ways lead already. It shows among `choices`, and makes no new version.
        """
        linking.lay_link(
            story_slug=slug,
            slug=chapter_slug,
            target=target,
            caller_id=request.user.user_id,
            expected=versions_in_if_match(request),
            now=timezone.now(),
            **read_input(LinkInput, request),
        )
        return show_edited(request, slug, chapter_slug)

    @extend_schema(
        operation_id="chapters_unlink", parameters=[TARGET, IF_MATCH], responses={204: None}
    )
    def delete(self, request: Request, slug: str, chapter_slug: str, target: str) -> HttpResponse:
        """Take a link away; the way to a chapter of its own below it is none, and stays."""
        linking.cut_link(
            story_slug=slug,
            slug=chapter_slug,
            target=target,
            caller_id=request.user.user_id,
            expected=versions_in_if_match(request),
            now=timezone.now(),
        )
        return empty_response()
