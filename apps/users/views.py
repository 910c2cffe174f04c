"""People over HTTP: parse, one call, render."""

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.users import queries, services, sessions, syncing
from apps.users.clerk import read_webhook
from apps.users.pages import MePage, ProfilePage, SessionListPage
from apps.users.serializers import MeInput
from apps.users.signatures import check_signature
from storychain.api.authentication import SignedIn
from storychain.api.pagination import link_next, page_params
from storychain.api.parsing import RawJSONParser, read_input
from storychain.api.rates import Rate
from storychain.api.responses import empty_response, json_response
from storychain.api.schema import schema_for
from storychain.cache.http import cached_response


class Profile(APIView):
    """A person's public page."""

    @extend_schema(operation_id="users_profile", responses=schema_for(ProfilePage))
    def get(self, request: Request, user_id: str) -> HttpResponse:
        """Show a person's public page."""
        return cached_response(request, queries.get_profile(user_id=user_id), audience="public")


class Me(APIView):
    """The caller's own account."""

    rate = Rate.WRITE
    permission_classes = [SignedIn]

    @extend_schema(operation_id="users_me", responses=schema_for(MePage))
    def get(self, request: Request) -> HttpResponse:
        """Show the caller's own account."""
        return json_response(queries.get_me(user_id=request.user.user_id))

    @extend_schema(operation_id="users_me_edit", request=MeInput, responses=schema_for(MePage))
    def patch(self, request: Request) -> HttpResponse:
        """Change part of the caller's own account; what is not named stays as it is."""
        changes = read_input(MeInput, request)
        services.edit_me(user_id=request.user.user_id, changes=changes, now=timezone.now())
        return json_response(queries.get_me(user_id=request.user.user_id))


class Sessions(APIView):
    """Where the caller is signed in."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="users_sessions", responses=schema_for(SessionListPage))
    def get(self, request: Request) -> HttpResponse:
        """List the caller's sessions, the latest first, those that are over for some days too."""
        limit, cursor = page_params(request)
        page = sessions.list_sessions(
            user_id=request.user.user_id,
            current_id=request.user.session_id,
            limit=limit,
            cursor=cursor,
        )
        return link_next(request, json_response(page))


class ClerkWebhook(APIView):
    """What Clerk tells of people and their sessions."""

    rate = Rate.WEBHOOK
    authentication_classes = []
    permission_classes = []
    parser_classes = [RawJSONParser]

    @extend_schema(
        operation_id="webhooks_clerk",
        parameters=[
            OpenApiParameter(f"svix-{part}", location=OpenApiParameter.HEADER, required=True)
            for part in ("id", "timestamp", "signature")
        ],
        request=OpenApiTypes.OBJECT,
        responses={204: None},
    )
    def post(self, request: Request) -> HttpResponse:
        """Take over what a signed webhook says, once; of what is not kept here nothing follows."""
        raw = request.data if isinstance(request.data, bytes) else b""
        webhook_id = check_signature(raw=raw, headers=request.headers)
        said = read_webhook(raw)
        if said:
            syncing.take_over(webhook_id=webhook_id, said=said, now=timezone.now())
        return empty_response()
