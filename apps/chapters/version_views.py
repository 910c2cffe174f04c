"""A chapter's versions over HTTP: parse, one call, render."""

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.chapters import services, versions
from apps.chapters.pages import ChapterPage, DiffPage, VersionListPage, VersionPage
from apps.chapters.serializers import DiffInput, RollbackInput
from apps.chapters.views import show_edited
from storychain.api.authentication import SignedIn
from storychain.api.idempotency import IDEMPOTENCY_KEY, create_once
from storychain.api.pagination import link_next, page_params
from storychain.api.parsing import read_input, read_query
from storychain.api.preconditions import IF_MATCH, versions_in_if_match
from storychain.api.rates import Rate
from storychain.api.schema import schema_for
from storychain.cache.http import cached_response


class Versions(APIView):
    """What a chapter has been."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="chapters_versions", responses=schema_for(VersionListPage))
    def get(self, request: Request, slug: str, chapter_slug: str) -> HttpResponse:
        """List a chapter's versions, the current one first."""
        limit, cursor = page_params(request)
        place = versions.open_versions(
            story_slug=slug, slug=chapter_slug, user_id=request.user.user_id
        )
        page = versions.list_versions(place, limit=limit, cursor=cursor)
        return link_next(request, cached_response(request, page, audience="private"))


class VersionDetail(APIView):
    """A chapter as it was."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="chapters_version", responses=schema_for(VersionPage))
    def get(self, request: Request, slug: str, chapter_slug: str, version: int) -> HttpResponse:
        """Show a chapter's text in one version."""
        place = versions.open_versions(
            story_slug=slug, slug=chapter_slug, user_id=request.user.user_id
        )
        page = versions.get_version(place, version=version)
        return cached_response(request, page, audience="private")


class Diff(APIView):
    """What was done to a chapter."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="chapters_diff", parameters=[DiffInput], responses=schema_for(DiffPage)
    )
    def get(self, request: Request, slug: str, chapter_slug: str) -> HttpResponse:
        """Show what changed between two versions; without any, what the latest edit changed."""
        chosen = read_query(DiffInput, request)
        place = versions.open_versions(
            story_slug=slug, slug=chapter_slug, user_id=request.user.user_id
        )
        page = versions.get_diff(place, older=chosen.get("from"), newer=chosen.get("to"))
        return cached_response(request, page, audience="private")


class Rollback(APIView):
    """The way back to an earlier text."""

    rate = Rate.WRITE
    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="chapters_roll_back",
        parameters=[IDEMPOTENCY_KEY, IF_MATCH],
        request=RollbackInput,
        responses=schema_for(ChapterPage),
    )
    def post(self, request: Request, slug: str, chapter_slug: str) -> HttpResponse:
        """Give a chapter the text of an earlier version, as a new version."""
        wanted = read_input(RollbackInput, request)

        def create() -> str:
            services.roll_back(
                story_slug=slug,
                slug=chapter_slug,
                caller_id=request.user.user_id,
                expected=versions_in_if_match(request),
                now=timezone.now(),
                **wanted,
            )
            return chapter_slug

        return create_once(
            request, create=create, show=lambda made: show_edited(request, slug, made)
        )
