"""Bans and platform roles over HTTP: parse, one call, render."""

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.access.rules import Action
from apps.moderation import banning, queries, roles
from apps.moderation.pages import BanListPage, RolesPage
from apps.moderation.platform import Duty, check_duty
from apps.moderation.serializers import BanInput, RoleInput
from apps.stories.queries import open_story
from storychain.api.authentication import SignedIn
from storychain.api.pagination import link_next, page_params
from storychain.api.parsing import read_input
from storychain.api.rates import Rate
from storychain.api.responses import empty_response, json_response
from storychain.api.schema import schema_for


class StoryBans(APIView):
    """Who is banned from a story."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="stories_bans", responses=schema_for(BanListPage))
    def get(self, request: Request, slug: str) -> HttpResponse:
        """List who is banned from a story, for its moderators."""
        limit, cursor = page_params(request)
        open_story(slug=slug, user_id=request.user.user_id, action=Action.MODERATE)
        page = queries.list_story_bans(story_slug=slug, limit=limit, cursor=cursor)
        return link_next(request, json_response(page))


class StoryBanDetail(APIView):
    """One person's ban from a story."""

    rate = Rate.CRITICAL
    permission_classes = [SignedIn]

    @extend_schema(operation_id="stories_ban", request=BanInput, responses={204: None})
    def post(self, request: Request, slug: str, user_id: str) -> HttpResponse:
        """Keep somebody out of a story, from his next request on; his part in it ends.

        409 `already-there` if he is banned, but what its team has set the platform takes over; 403
        `out-of-reach` for who has the caller's own rank in it, or a higher one.
        """
        banning.ban_from_story(
            story_slug=slug,
            user_id=user_id,
            caller_id=request.user.user_id,
            reason=read_input(BanInput, request)["reason"],
            now=timezone.now(),
        )
        return empty_response()

    @extend_schema(operation_id="stories_unban", responses={204: None})
    def delete(self, request: Request, slug: str, user_id: str) -> HttpResponse:
        """Let somebody read a story again; his part in it does not come back.

        403 `platforms-ban` for its team where the platform has banned him; appeal moderators lift
        that, and the super admin.
        """
        banning.lift_story_ban(
            story_slug=slug,
            user_id=user_id,
            caller_id=request.user.user_id,
            now=timezone.now(),
        )
        return empty_response()


class PlatformBans(APIView):
    """Who is banned from the platform."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="moderation_bans", responses=schema_for(BanListPage))
    def get(self, request: Request) -> HttpResponse:
        """List who is banned from the platform, the latest first."""
        limit, cursor = page_params(request)
        check_duty(Duty.LOOK, caller_id=request.user.user_id)
        page = queries.list_platform_bans(limit=limit, cursor=cursor)
        return link_next(request, json_response(page))


class PlatformBanDetail(APIView):
    """One person's ban from the platform."""

    rate = Rate.CRITICAL
    permission_classes = [SignedIn]

    @extend_schema(operation_id="moderation_ban", request=BanInput, responses={204: None})
    def post(self, request: Request, user_id: str) -> HttpResponse:
        """Keep somebody from everything but an appeal, from his next request on.

        Platform moderators and the super admin may; 403 `out-of-reach` for who has a role himself.
        """
        banning.ban_from_platform(
            user_id=user_id,
            caller_id=request.user.user_id,
            reason=read_input(BanInput, request)["reason"],
            now=timezone.now(),
        )
        return empty_response()

    @extend_schema(operation_id="moderation_unban", responses={204: None})
    def delete(self, request: Request, user_id: str) -> HttpResponse:
        """Let somebody back in; appeal moderators and the super admin may."""
        banning.lift_platform_ban(
            user_id=user_id, caller_id=request.user.user_id, now=timezone.now()
        )
        return empty_response()


class Roles(APIView):
    """Who looks after the platform."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="moderation_roles", responses=schema_for(RolesPage))
    def get(self, request: Request) -> HttpResponse:
        """Show all who look after the platform, to one another."""
        check_duty(Duty.LOOK, caller_id=request.user.user_id)
        return json_response(queries.list_roles())


class RoleDetail(APIView):
    """One person's role on the platform."""

    rate = Rate.CRITICAL
    permission_classes = [SignedIn]

    @extend_schema(operation_id="moderation_role_give", request=RoleInput, responses={204: None})
    def put(self, request: Request, user_id: str) -> HttpResponse:
        """Give somebody a role in the place of the one that he has; the super admin may."""
        roles.assign_role(
            user_id=user_id,
            caller_id=request.user.user_id,
            now=timezone.now(),
            **read_input(RoleInput, request),
        )
        return empty_response()

    @extend_schema(operation_id="moderation_role_take", responses={204: None})
    def delete(self, request: Request, user_id: str) -> HttpResponse:
        """Take somebody's role from him; the super admin may."""
        roles.take_role(user_id=user_id, caller_id=request.user.user_id, now=timezone.now())
        return empty_response()
