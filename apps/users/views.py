"""People over HTTP: parse, one call, render."""

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.users import queries, services
from apps.users.pages import MePage, ProfilePage
from apps.users.serializers import MeInput
from storychain.api.authentication import SignedIn
from storychain.api.parsing import read_input
from storychain.api.responses import json_response
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
