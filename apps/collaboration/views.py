"""Teams over HTTP: parse, one call, render."""

from collections.abc import Callable

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.access.rules import Action
from apps.collaboration import queries, services
from apps.collaboration.pages import InvitationsPage, MyRolePage, TeamPage
from apps.collaboration.serializers import InvitationInput, RoleInput
from apps.stories.queries import open_story
from storychain.api.authentication import SignedIn, SignedInOrReadOnly
from storychain.api.idempotency import IDEMPOTENCY_KEY, create_once
from storychain.api.pagination import link_next, page_params
from storychain.api.parsing import read_input
from storychain.api.rates import Rate
from storychain.api.responses import created_response, empty_response, json_response
from storychain.api.schema import schema_for
from storychain.cache.http import cached_response


class Collaborators(APIView):
    """A story's team, and where people are asked into it."""

    rate = Rate.WRITE
    permission_classes = [SignedInOrReadOnly]

    @extend_schema(operation_id="collaborators_list", responses=schema_for(TeamPage))
    def get(self, request: Request, slug: str) -> HttpResponse:
        """Show everybody who works on a story, the owner first."""
        opened = open_story(slug=slug, user_id=request.user.user_id)
        return cached_response(request, queries.get_team(story_slug=slug), audience=opened.audience)

    @extend_schema(
        operation_id="collaborators_invite",
        parameters=[IDEMPOTENCY_KEY],
        request=InvitationInput,
        responses={201: schema_for(InvitationsPage)},
    )
    def post(self, request: Request, slug: str) -> HttpResponse:
        """Ask somebody into the story; he comes in when he accepts, within 14 days."""
        wanted, now = read_input(InvitationInput, request), timezone.now()

        def create() -> str:
            return services.invite(
                story_slug=slug, caller_id=request.user.user_id, now=now, **wanted
            )

        def show(invited: str) -> HttpResponse:
            page = queries.list_sent(story_slug=slug, now=now)
            return created_response(page, location=f"{request.path}/{invited}")

        return create_once(request, create=create, show=show)


class CollaboratorDetail(APIView):
    """One person's part in a story."""

    rate = Rate.WRITE
    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="collaborators_change", request=RoleInput, responses=schema_for(TeamPage)
    )
    def patch(self, request: Request, slug: str, user_id: str) -> HttpResponse:
        """Give somebody another part; the owner may."""
        services.change_role(
            story_slug=slug,
            caller_id=request.user.user_id,
            user_id=user_id,
            role=read_input(RoleInput, request)["role"],
            now=timezone.now(),
        )
        return json_response(queries.get_team(story_slug=slug))

    @extend_schema(operation_id="collaborators_remove", responses={204: None})
    def delete(self, request: Request, slug: str, user_id: str) -> HttpResponse:
        """Take somebody out of the story, leave it oneself, or withdraw an invitation."""
        services.remove(
            story_slug=slug, caller_id=request.user.user_id, user_id=user_id, now=timezone.now()
        )
        return empty_response()


class StoryInvitations(APIView):
    """Whom a story has asked and who has not answered yet."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="stories_invitations", responses=schema_for(InvitationsPage))
    def get(self, request: Request, slug: str) -> HttpResponse:
        """List a story's open invitations, for those who may send some."""
        open_story(slug=slug, user_id=request.user.user_id, action=Action.INVITE)
        limit, cursor = page_params(request)
        page = queries.list_sent(story_slug=slug, limit=limit, cursor=cursor, now=timezone.now())
        return link_next(request, json_response(page))


class MyInvitations(APIView):
    """What the caller is invited to."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="invitations_list", responses=schema_for(InvitationsPage))
    def get(self, request: Request) -> HttpResponse:
        """List the caller's own open invitations."""
        limit, cursor = page_params(request)
        page = queries.list_received(
            user_id=request.user.user_id, limit=limit, cursor=cursor, now=timezone.now()
        )
        return link_next(request, json_response(page))


class _Answer(APIView):
    """What somebody who is invited says."""

    rate = Rate.WRITE
    permission_classes = [SignedIn]

    def _say(self, request: Request, slug: str, answer: Callable[..., None]) -> HttpResponse:
        answer(story_slug=slug, caller_id=request.user.user_id, now=timezone.now())
        return empty_response()


class Accept(_Answer):
    """The way in."""

    @extend_schema(operation_id="invitation_accept", request=None, responses={204: None})
    def post(self, request: Request, slug: str) -> HttpResponse:
        """Come into the story."""
        return self._say(request, slug, services.accept)


class Decline(_Answer):
    """The way round."""

    @extend_schema(operation_id="invitation_decline", request=None, responses={204: None})
    def post(self, request: Request, slug: str) -> HttpResponse:
        """Turn the invitation down."""
        return self._say(request, slug, services.decline)


class MyRole(APIView):
    """What the caller is to a story."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="stories_my_role", responses=schema_for(MyRolePage))
    def get(self, request: Request, slug: str) -> HttpResponse:
        """Show the caller's part in a story and what it allows."""
        page = queries.get_my_role(slug=slug, user_id=request.user.user_id)
        return cached_response(request, page, audience="private")
