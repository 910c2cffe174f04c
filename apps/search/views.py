"""Search over HTTP: parse, one call, render."""

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.search import queries
from apps.search.finding import Choice
from apps.search.pages import SearchPage
from apps.search.serializers import SearchInput
from storychain.api.pagination import link_next, page_params
from storychain.api.parsing import read_query
from storychain.api.schema import schema_for
from storychain.cache.http import cached_response


class Search(APIView):
    """What is found by words."""

    @extend_schema(
        operation_id="search", parameters=[SearchInput], responses=schema_for(SearchPage)
    )
    def get(self, request: Request) -> HttpResponse:
        """Find stories, chapters, users and tags by words, in any script.

        All words must be found, the last may be the beginning of one. What is found in titles and
        names comes first, then in descriptions, then in texts; among equals the newest first. If
        nothing is found at all, words count that differ by a letter (two, in long ones). Whoever is
        signed in also finds what he works on and is not public. What was written is found within a
        second or so.
        """
        limit, cursor = page_params(request)
        found = queries.search(
            choice=Choice(**read_query(SearchInput, request)),
            user_id=request.user.user_id,
            limit=limit,
            cursor=cursor,
        )
        audience = "public" if found.is_public else "private"
        return link_next(request, cached_response(request, found.page, audience=audience))
