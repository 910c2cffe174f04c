"""Chapters over HTTP: parse, one call, render."""

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.chapters import feed, queries, services
from apps.chapters.pages import (
    ChapterListPage,
    ChapterPage,
    TreePage,
)
from apps.chapters.serializers import (
    ChapterEdit,
    RootInput,
)
from apps.stories.queries import open_story
from storychain.api.authentication import SignedInOrReadOnly
from storychain.api.idempotency import IDEMPOTENCY_KEY, create_once
from storychain.api.pagination import link_next, page_params
from storychain.api.parsing import read_input
from storychain.api.preconditions import IF_MATCH, page_etag, versions_in_if_match
from storychain.api.rates import Rate
from storychain.api.responses import created_response, empty_response, json_response
from storychain.api.schema import schema_for
from storychain.cache.http import cached_response


class Tree(APIView):
    """A story's whole tree."""

    @extend_schema(operation_id="stories_tree", responses=schema_for(TreePage))
    def get(self, request: Request, slug: str) -> HttpResponse:
        """Show every chapter's place, without the texts."""
        opened = open_story(slug=slug, user_id=request.user.user_id)
        return cached_response(request, queries.get_tree(story_slug=slug), audience=opened.audience)


class AtomRenderer(BaseRenderer):
    """Lets a caller ask for a feed by its media type; the view answers with one that is made."""

    media_type, format = "application/atom+xml", "atom"


class Feed(APIView):
    """A story's news, for feed readers."""

    metadata_class = None  # OPTIONS would describe the view, which is no feed
    renderer_classes = [AtomRenderer, JSONRenderer]

    @extend_schema(
        operation_id="stories_feed", responses={(200, AtomRenderer.media_type): OpenApiTypes.STR}
    )
    def get(self, request: Request, slug: str) -> HttpResponse:
        """Show a story's newest chapters as an Atom feed (RFC 4287)."""
        opened = open_story(slug=slug, user_id=request.user.user_id)
        page = feed.get_feed(story_slug=slug)
        return cached_response(
            request,
            page,
            audience=opened.audience,
            content=(AtomRenderer.media_type, feed.read_xml(page)),
        )


class Chapters(APIView):
    """A story's chapters, and where its first one is written."""

    rate = Rate.WRITE
    permission_classes = [SignedInOrReadOnly]

    @extend_schema(operation_id="chapters_list", responses=schema_for(ChapterListPage))
    def get(self, request: Request, slug: str) -> HttpResponse:
        """List a story's chapters in the order in which they came."""
        limit, cursor = page_params(request)
        opened = open_story(slug=slug, user_id=request.user.user_id)
        page = queries.list_chapters(story_slug=slug, limit=limit, cursor=cursor)
        return link_next(request, cached_response(request, page, audience=opened.audience))

    @extend_schema(
        operation_id="chapters_create_root",
        parameters=[IDEMPOTENCY_KEY],
        request=RootInput,
        responses={201: schema_for(ChapterPage)},
    )
    def post(self, request: Request, slug: str) -> HttpResponse:
        """Write a story's first chapter."""
        text = read_input(RootInput, request)

        def create() -> str:
            return services.add_root(
                story_slug=slug, author_id=request.user.user_id, text=text, now=timezone.now()
            ).slug

        return create_once(
            request, create=create, show=lambda made: show_created(request, slug, made)
        )


class ChapterDetail(APIView):
    """One chapter."""

    rate = Rate.WRITE
    permission_classes = [SignedInOrReadOnly]

    @extend_schema(operation_id="chapters_detail", responses=schema_for(ChapterPage))
    def get(self, request: Request, slug: str, chapter_slug: str) -> HttpResponse:
        """Show a chapter as its readers see it, or a draft to those whose it is to change."""
        page, audience = _open(request, slug, chapter_slug)
        return cached_response(request, page, audience=audience, etag=page_etag(page))

    @extend_schema(
        operation_id="chapters_replace",
        parameters=[IF_MATCH],
        request=ChapterEdit,
        responses=schema_for(ChapterPage),
    )
    def put(self, request: Request, slug: str, chapter_slug: str) -> HttpResponse:
        """Replace a chapter's text."""
        return self._edit(request, slug, chapter_slug, partial=False)

    @extend_schema(
        operation_id="chapters_edit",
        parameters=[IF_MATCH],
        request=ChapterEdit,
        responses=schema_for(ChapterPage),
    )
    def patch(self, request: Request, slug: str, chapter_slug: str) -> HttpResponse:
        """Change part of a chapter; what is not named stays as it is."""
        return self._edit(request, slug, chapter_slug, partial=True)

    @extend_schema(operation_id="chapters_delete", parameters=[IF_MATCH], responses={204: None})
    def delete(self, request: Request, slug: str, chapter_slug: str) -> HttpResponse:
        """Remove a chapter; one that others follow keeps its place, without its text."""
        services.delete_chapter(
            story_slug=slug,
            slug=chapter_slug,
            caller_id=request.user.user_id,
            expected=versions_in_if_match(request),
            now=timezone.now(),
        )
        return empty_response()

    def _edit(
        self, request: Request, slug: str, chapter_slug: str, *, partial: bool
    ) -> HttpResponse:
        changes = read_input(ChapterEdit, request, partial=partial)
        services.edit_chapter(
            story_slug=slug,
            slug=chapter_slug,
            caller_id=request.user.user_id,
            base_version=changes.pop("base_version", None),
            expected=versions_in_if_match(request),
            reason=changes.pop("reason", ""),
            changes=changes,
            now=timezone.now(),
        )
        return show_edited(request, slug, chapter_slug)


def _open(request: Request, slug: str, chapter_slug: str) -> queries.Shown:
    opened = open_story(slug=slug, user_id=request.user.user_id)
    return queries.open_chapter(opened, slug=chapter_slug)


def show_created(request: Request, slug: str, chapter_slug: str) -> HttpResponse:
    """Show a chapter that has just been written, and say where it is."""
    page = _open(request, slug, chapter_slug).page
    names = {"slug": slug, "chapter_slug": chapter_slug}
    response = created_response(page, location=reverse("chapter-detail", kwargs=names))
    response.headers["ETag"] = page_etag(page)
    return response


def show_edited(request: Request, slug: str, chapter_slug: str) -> HttpResponse:
    """Show a chapter as it is after a write."""
    page = _open(request, slug, chapter_slug).page
    response = json_response(page)
    response.headers["ETag"] = page_etag(page)
    return response
