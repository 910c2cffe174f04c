"""Follows over HTTP: parse, one call, render."""

from collections.abc import Callable

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.follows import queries, services
from apps.follows.pages import FollowedStoriesPage, PersonListPage
from apps.stories.queries import open_story
from storychain.api.authentication import SignedIn
from storychain.api.pagination import link_next, page_params
from storychain.api.rates import Rate
from storychain.api.responses import empty_response, json_response
from storychain.api.schema import schema_for


class UserFollow(APIView):
    """That the caller follows a person."""

    rate = Rate.REACTION
    permission_classes = [SignedIn]

    @extend_schema(operation_id="users_follow", request=None, responses={204: None})
    def put(self, request: Request, user_id: str) -> HttpResponse:
        """Follow a person: what he publishes is told to the caller."""
        caller = request.user.user_id
        services.follow_user(follower_id=caller, user_id=user_id, now=timezone.now())
        return empty_response()

    @extend_schema(operation_id="users_unfollow", responses={204: None})
    def delete(self, request: Request, user_id: str) -> HttpResponse:
        """Follow a person no longer."""
        services.unfollow_user(follower_id=request.user.user_id, user_id=user_id)
        return empty_response()


class StoryFollow(APIView):
    """That the caller follows a story."""

    rate = Rate.REACTION
    permission_classes = [SignedIn]

    @extend_schema(operation_id="stories_follow", request=None, responses={204: None})
    def put(self, request: Request, slug: str) -> HttpResponse:
        """Follow a story: its new chapters are told to the caller."""
        services.follow_story(follower_id=request.user.user_id, slug=slug, now=timezone.now())
        return empty_response()

    @extend_schema(operation_id="stories_unfollow", responses={204: None})
    def delete(self, request: Request, slug: str) -> HttpResponse:
        """Follow a story no longer, also one that the caller may not read any more."""
        services.unfollow_story(follower_id=request.user.user_id, slug=slug)
        return empty_response()


class UserFollowers(APIView):
    """Who follows a person."""

    @extend_schema(operation_id="users_followers", responses=schema_for(PersonListPage))
    def get(self, request: Request, user_id: str) -> HttpResponse:
        """List who follows a person, the latest first."""
        return _list(request, queries.list_followers_of_user, user_id=user_id)


class UserFollowing(APIView):
    """Whom a person follows."""

    @extend_schema(operation_id="users_following", responses=schema_for(PersonListPage))
    def get(self, request: Request, user_id: str) -> HttpResponse:
        """List whom a person follows, the latest first."""
        return _list(request, queries.list_followed_people, user_id=user_id)


class StoryFollowers(APIView):
    """Who follows a story."""

    @extend_schema(operation_id="stories_followers", responses=schema_for(PersonListPage))
    def get(self, request: Request, slug: str) -> HttpResponse:
        """List who follows a story, the latest first."""
        open_story(slug=slug, user_id=request.user.user_id)
        return _list(request, queries.list_followers_of_story, slug=slug)


class FollowedStories(APIView):
    """The stories that the caller follows."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="users_me_stories", responses=schema_for(FollowedStoriesPage))
    def get(self, request: Request) -> HttpResponse:
        """List the stories that the caller follows and may read, the latest first."""
        return _list(request, queries.list_followed_stories, user_id=request.user.user_id)


def _list(request: Request, read: Callable[..., object], **whose: str) -> HttpResponse:
    limit, cursor = page_params(request)
    return link_next(request, json_response(read(limit=limit, cursor=cursor, **whose)))
