"""Drafts over HTTP: parse, one call, render. They are their writer's alone."""

from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.autosaves import queries, services
from apps.autosaves.pages import AutosaveListPage, AutosavePage
from apps.autosaves.serializers import AutosaveInput, ConvertInput, ListInput, PlaceInput
from apps.chapters.pages import ChapterPage
from apps.chapters.serializers import ChapterEdit, ChapterInput, RootInput
from apps.pulls.pages import PullPage
from apps.pulls.views import show_arrival
from storychain.api.authentication import SignedIn
from storychain.api.idempotency import IDEMPOTENCY_KEY, create_once
from storychain.api.pagination import link_next, page_params
from storychain.api.parsing import check_input, read_input, read_query
from storychain.api.preconditions import IF_MATCH, versioned_etag, versions_in_if_match
from storychain.api.rates import Rate
from storychain.api.responses import empty_response, json_response
from storychain.api.schema import schema_for

BECOMES = {"root_chapter": RootInput, "new_chapter": ChapterInput, "update_chapter": ChapterEdit}


class Autosaves(APIView):
    """The caller's drafts, and where they are saved."""

    rate = Rate.FAST_WRITE
    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="autosaves_list",
        parameters=[ListInput],
        responses=schema_for(AutosaveListPage),
    )
    def get(self, request: Request) -> HttpResponse:
        """List the caller's drafts, the one saved last first."""
        limit, cursor = page_params(request)
        page = queries.list_autosaves(
            user_id=request.user.user_id,
            story_slug=read_query(ListInput, request).get("story_slug"),
            limit=limit,
            cursor=cursor,
        )
        return link_next(request, json_response(page))

    @extend_schema(
        operation_id="autosaves_save",
        parameters=[IF_MATCH],
        request=AutosaveInput,
        responses=schema_for(AutosavePage),
    )
    def put(self, request: Request) -> HttpResponse:
        """Save a text in the one draft of its place: a first chapter, a new one, or an edit.

        With If-Match, a draft that another tab has saved since is left as it is (412).
        """
        given = read_input(AutosaveInput, request)
        place = {name: given.pop(name) for name in PlaceInput().fields if name in given}
        saved = services.save_draft(
            user_id=request.user.user_id,
            place=place,
            text=given,
            now=timezone.now(),
            expected=versions_in_if_match(request),
        )
        return _show(saved, request.user.user_id)


class AutosaveDetail(APIView):
    """One of the caller's drafts."""

    rate = Rate.WRITE
    permission_classes = [SignedIn]

    @extend_schema(operation_id="autosaves_detail", responses=schema_for(AutosavePage))
    def get(self, request: Request, autosave_id: str) -> HttpResponse:
        """Show a draft with its text."""
        return _show(autosave_id, request.user.user_id)

    @extend_schema(operation_id="autosaves_discard", parameters=[IF_MATCH], responses={204: None})
    def delete(self, request: Request, autosave_id: str) -> HttpResponse:
        """Throw a draft away."""
        services.discard_draft(
            autosave_id=autosave_id,
            user_id=request.user.user_id,
            expected=versions_in_if_match(request),
        )
        return empty_response()


class Convert(APIView):
    """The step from draft to chapter."""

    rate = Rate.WRITE
    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="autosaves_convert",
        parameters=[IDEMPOTENCY_KEY, IF_MATCH],
        request=ConvertInput,
        responses={201: schema_for(ChapterPage), 202: schema_for(PullPage)},
    )
    def post(self, request: Request, autosave_id: str) -> HttpResponse:
        """Publish a draft as the chapter, or the edit, that it was written for; the draft goes.

        `Location` is the chapter's. A draft that is no whole chapter yet is answered by 400. Where
        the story requires approval, a new chapter's is answered by 202, with its pull request.
        """
        more, caller = read_input(ConvertInput, request), request.user.user_id

        def create() -> str:
            draft = queries.get_autosave(autosave_id=autosave_id, user_id=caller)
            expected = versions_in_if_match(request)
            made = services.convert_draft(
                autosave_id=autosave_id,
                user_id=caller,
                text=check_input(BECOMES[draft.kind], _text_of(draft) | more),
                now=timezone.now(),
                expected=[draft.save_count] if expected is None else expected,
            )
            return "/".join(made)

        return create_once(request, create=create, show=lambda made: show_arrival(request, made))


def _text_of(draft: AutosavePage) -> dict[str, Any]:
    return {"title": draft.title, "content": draft.content}


def _show(autosave_id: str, user_id: str) -> HttpResponse:
    page = queries.get_autosave(autosave_id=autosave_id, user_id=user_id)
    response = json_response(page)
    response.headers["ETag"] = versioned_etag(page.save_count, "")
    return response
