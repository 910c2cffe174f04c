"""Stories over HTTP: parse, one call, render."""

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.access.rules import Action
from apps.stories import lists, queries, services, shelves, timeline
from apps.stories.pages import (
    MyStoriesPage,
    OverviewPage,
    SettingsPage,
    StoryListPage,
    StoryPage,
    TimelinePage,
)
from apps.stories.serializers import ListInput, MyListInput, SettingsInput, StoryInput
from storychain.api.authentication import SignedIn, SignedInOrReadOnly
from storychain.api.idempotency import IDEMPOTENCY_KEY, create_once
from storychain.api.pagination import link_next, page_params
from storychain.api.parsing import read_input, read_query
from storychain.api.preconditions import IF_MATCH, page_etag, versions_in_if_match
from storychain.api.rates import Rate
from storychain.api.responses import created_response, empty_response, json_response
from storychain.api.schema import schema_for
from storychain.cache.http import cached_response
from storychain.cache.region import Cached

UNSAID = {"description": "", "cover_image": "", "tags": [], "warnings": []}


class Stories(APIView):
    """The public stories, and where new ones are started."""

    rate = Rate.WRITE
    permission_classes = [SignedInOrReadOnly]

    @extend_schema(
        operation_id="stories_list", parameters=[ListInput], responses=schema_for(StoryListPage)
    )
    def get(self, request: Request) -> HttpResponse:
        """List public stories, newest or liveliest first."""
        limit, cursor = page_params(request)
        chosen = read_query(ListInput, request)
        chosen.pop("status", None)
        page = lists.list_stories(chosen=lists.StoryFilter(**chosen), limit=limit, cursor=cursor)
        return link_next(request, cached_response(request, page, audience="public"))

    @extend_schema(
        operation_id="stories_create",
        parameters=[IDEMPOTENCY_KEY],
        request=StoryInput,
        responses={201: schema_for(StoryPage)},
    )
    def post(self, request: Request) -> HttpResponse:
        """Start a story, as a draft that only its team can see.

        At most five an hour and seven a UTC day, those that were deleted since among them: more are
        answered 429 `story-limit`. An import is no such start.
        """
        content = read_input(StoryInput, request)

        def create() -> str:
            return services.create_story(
                creator_id=request.user.user_id, now=timezone.now(), **content
            ).slug

        def show(slug: str) -> HttpResponse:
            page = queries.get_story_page(slug=slug)
            response = created_response(page, location=f"{request.path}/{slug}")
            response.headers["ETag"] = page_etag(page)
            return response

        return create_once(request, create=create, show=show)


class NewStories(APIView):
    """The newest public stories."""

    @extend_schema(operation_id="stories_new", responses=schema_for(StoryListPage))
    def get(self, request: Request) -> HttpResponse:
        """List the newest public stories."""
        limit, cursor = page_params(request)
        page = lists.list_new(limit=limit, cursor=cursor)
        return link_next(request, cached_response(request, page, audience="public"))


class TrendingStories(APIView):
    """The stories that are lively now."""

    @extend_schema(operation_id="stories_trending", responses=schema_for(StoryListPage))
    def get(self, request: Request) -> HttpResponse:
        """List public stories, the liveliest of the last seven days first.

        Scored every 30 minutes: (reads in 7 days * 0.3 + votes in 7 days * 0.2 + branches in 7 days
        * 20 * 0.2 + all votes * 0.2 + the author's level * 10 * 0.1) / (1 + days since publication
        / 30). Who reads, signed in, counts once a day and story, and so does who writes branches,
        however many; imported chapters are no branches.
        What is shown of a story is as fresh as its own page; a story that has just been published
        comes in with the next scores.
        """
        limit, cursor = page_params(request)
        page = lists.list_trending(limit=limit, cursor=cursor)
        return link_next(request, cached_response(request, page, audience="public"))


class FeaturedStories(APIView):
    """The stories that those who run the platform chose."""

    @extend_schema(operation_id="stories_featured", responses=schema_for(StoryListPage))
    def get(self, request: Request) -> HttpResponse:
        """List the public stories that the platform's staff chose, newest first."""
        limit, cursor = page_params(request)
        page = lists.list_featured(limit=limit, cursor=cursor)
        return link_next(request, cached_response(request, page, audience="public"))


class UserStories(APIView):
    """What a person has started and published."""

    @extend_schema(operation_id="users_stories", responses=schema_for(StoryListPage))
    def get(self, request: Request, user_id: str) -> HttpResponse:
        """List a person's public stories, newest first."""
        limit, cursor = page_params(request)
        page = lists.list_user_stories(user_id=user_id, limit=limit, cursor=cursor)
        return link_next(request, cached_response(request, page, audience="public"))


class MyStories(APIView):
    """What the caller works on."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="stories_my", parameters=[MyListInput], responses=schema_for(MyStoriesPage)
    )
    def get(self, request: Request) -> HttpResponse:
        """List the stories of the caller and those whose team he is in, the liveliest first."""
        limit, cursor = page_params(request)
        page = shelves.list_my_stories(
            user_id=request.user.user_id,
            status=read_query(MyListInput, request).get("status"),
            limit=limit,
            cursor=cursor,
        )
        return link_next(request, cached_response(request, page, audience="private"))


class MyDrafts(APIView):
    """What the caller works on and nobody else can read yet."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="stories_draft", responses=schema_for(MyStoriesPage))
    def get(self, request: Request) -> HttpResponse:
        """List the drafts among the stories that the caller works on, the liveliest first."""
        limit, cursor = page_params(request)
        page = shelves.list_my_drafts(user_id=request.user.user_id, limit=limit, cursor=cursor)
        return link_next(request, cached_response(request, page, audience="private"))


class StoryDetail(APIView):
    """One story."""

    rate = {"put": Rate.WRITE, "patch": Rate.WRITE, "delete": Rate.CRITICAL}
    permission_classes = [SignedInOrReadOnly]

    @extend_schema(operation_id="stories_detail", responses=schema_for(StoryPage))
    def get(self, request: Request, slug: str) -> HttpResponse:
        """Show a story as its readers see it."""
        opened = queries.open_story(slug=slug, user_id=request.user.user_id)
        page = queries.get_story_page(slug=slug)
        return cached_response(request, page, audience=opened.audience, etag=page_etag(page))

    @extend_schema(
        operation_id="stories_replace",
        parameters=[IF_MATCH],
        request=StoryInput,
        responses=schema_for(StoryPage),
    )
    def put(self, request: Request, slug: str) -> HttpResponse:
        """Replace a story's texts; settings that are not named stay as they are."""
        return self._edit(request, slug, {**UNSAID, **read_input(StoryInput, request)})

    @extend_schema(
        operation_id="stories_edit",
        parameters=[IF_MATCH],
        request=StoryInput,
        responses=schema_for(StoryPage),
    )
    def patch(self, request: Request, slug: str) -> HttpResponse:
        """Change part of a story; what is not named stays as it is."""
        return self._edit(request, slug, read_input(StoryInput, request, partial=True))

    @extend_schema(operation_id="stories_delete", parameters=[IF_MATCH], responses={204: None})
    def delete(self, request: Request, slug: str) -> HttpResponse:
        """Delete a story for good."""
        services.delete_story(
            slug=slug,
            caller_id=request.user.user_id,
            expected=versions_in_if_match(request),
            now=timezone.now(),
        )
        return empty_response()

    def _edit(self, request: Request, slug: str, changes: dict[str, object]) -> HttpResponse:
        services.edit_story(
            slug=slug,
            caller_id=request.user.user_id,
            changes=changes,
            expected=versions_in_if_match(request),
            now=timezone.now(),
        )
        return show_edited(queries.get_story_page(slug=slug))


class Overview(APIView):
    """One story with its team."""

    @extend_schema(operation_id="stories_overview", responses=schema_for(OverviewPage))
    def get(self, request: Request, slug: str) -> HttpResponse:
        """Show a story with everybody who works on it."""
        opened = queries.open_story(slug=slug, user_id=request.user.user_id)
        return cached_response(request, queries.get_overview(slug=slug), audience=opened.audience)


class Settings(APIView):
    """What its owners decided about a story."""

    rate = Rate.WRITE
    permission_classes = [SignedInOrReadOnly]

    @extend_schema(operation_id="stories_settings", responses=schema_for(SettingsPage))
    def get(self, request: Request, slug: str) -> HttpResponse:
        """Show a story's settings to those who work on it."""
        queries.open_story(slug=slug, user_id=request.user.user_id, action=Action.SEE_SETTINGS)
        page = queries.get_settings(slug=slug)
        return cached_response(request, page, audience="private", etag=page_etag(page))

    @extend_schema(
        operation_id="stories_settings_edit",
        parameters=[IF_MATCH],
        request=SettingsInput,
        responses=schema_for(SettingsPage),
    )
    def patch(self, request: Request, slug: str) -> HttpResponse:
        """Change some settings; what is not named stays as it is."""
        services.edit_story(
            slug=slug,
            caller_id=request.user.user_id,
            changes={"settings": read_input(SettingsInput, request, partial=True)},
            expected=versions_in_if_match(request),
            now=timezone.now(),
        )
        return show_edited(queries.get_settings(slug=slug))


class Timeline(APIView):
    """What happened in a story."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="stories_timeline", responses=schema_for(TimelinePage))
    def get(self, request: Request, slug: str) -> HttpResponse:
        """List what those who work on a story have done, the last first."""
        limit, cursor = page_params(request)
        queries.open_story(slug=slug, user_id=request.user.user_id, action=Action.SEE_TIMELINE)
        page = timeline.list_moments(story_slug=slug, limit=limit, cursor=cursor)
        return link_next(request, json_response(page))


def show_edited(page: Cached[StoryPage] | Cached[SettingsPage]) -> HttpResponse:
    """Show a story, or its settings, as they are after a write."""
    response = json_response(page)
    response.headers["ETag"] = page_etag(page)
    return response
