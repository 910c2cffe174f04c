"""A small API as a feature writes one, for its description."""

from datetime import datetime
from typing import Any

import msgspec
from django.http import HttpResponse
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from storychain.api.authentication import SignedInOrReadOnly
from storychain.api.pagination import Page
from storychain.api.schema import Redoc, Swagger, schema, schema_for
from tests.integration.edge_urls import Everything, Filters


class Author(msgspec.Struct, frozen=True):
    """A person beside a work."""

    user_id: str
    avatar_url: str = ""


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """A work in a list."""

    slug: str
    author: Author
    tags: list[str]
    published_at: datetime | None


class Works(APIView):
    """All works."""

    permission_classes = [SignedInOrReadOnly]

    @extend_schema(operation_id="works", parameters=[Filters], responses=schema_for(Page[Card]))
    def get(self, request: Request) -> HttpResponse:
        """List works."""
        raise NotImplementedError

    @extend_schema(
        operation_id="works_create", request=Everything, responses={201: schema_for(Card)}
    )
    def post(self, request: Request) -> HttpResponse:
        """Start a work."""
        raise NotImplementedError

    @extend_schema(operation_id="works_delete", responses={204: None})
    def delete(self, request: Request) -> HttpResponse:
        """Delete all works."""
        raise NotImplementedError


def _view(view: type[Any], **initial: Any) -> Any:
    return view.as_view(**initial)


urlpatterns = [
    path("api/v1/works", _view(Works)),
    path("api/v1/schema", schema, name="schema"),
    path("api/v1/docs", _view(Swagger), name="docs"),
    path("api/v1/redoc", _view(Redoc), name="redoc"),
]
