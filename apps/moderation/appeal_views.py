"""Appeals over HTTP: parse, one call, render."""

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.access.rules import Action
from apps.moderation import appeal_queries, appealing
from apps.moderation.pages import AppealListPage, AppealView
from apps.moderation.platform import Duty, check_duty
from apps.moderation.serializers import AppealInput, QueueInput, VerdictInput
from apps.stories.queries import open_story
from storychain.api.authentication import SignedIn
from storychain.api.idempotency import IDEMPOTENCY_KEY, create_once
from storychain.api.pagination import link_next, page_params
from storychain.api.parsing import read_input, read_query
from storychain.api.rates import Rate
from storychain.api.responses import created_response, empty_response, json_response
from storychain.api.schema import schema_for


class Appeals(APIView):
    """What a banned person has to say, also one who may do nothing else."""

    rate = Rate.WRITE
    is_open_to_banned = True
    permission_classes = [SignedIn]

    @extend_schema(operation_id="appeals_list", responses=schema_for(AppealListPage))
    def get(self, request: Request) -> HttpResponse:
        """List the caller's own appeals, the newest first."""
        limit, cursor = page_params(request)
        page = appeal_queries.list_my_appeals(
            user_id=request.user.user_id, limit=limit, cursor=cursor
        )
        return link_next(request, json_response(page))

    @extend_schema(
        operation_id="appeals_create",
        parameters=[IDEMPOTENCY_KEY],
        request=AppealInput,
        responses={201: schema_for(AppealView)},
    )
    def post(self, request: Request) -> HttpResponse:
        """Appeal against a ban from a story, or without one from the platform; one at a time.

        Once it is decided there may be another, if it says something new (409 `nothing-new`), and
        APPEALS_PER_BAN in all, 2 unless it is set otherwise (409 `appeals-spent`).
        """
        sent, caller_id = read_input(AppealInput, request), request.user.user_id

        def create() -> str:
            return appealing.file_appeal(user_id=caller_id, now=timezone.now(), **sent)

        def show(appeal_id: str) -> HttpResponse:
            page = appeal_queries.get_appeal(appeal_id=appeal_id, user_id=caller_id)
            place = reverse("appeal-detail", kwargs={"appeal_id": appeal_id})
            return created_response(page, location=place)

        return create_once(request, create=create, show=show)


class AppealDetail(APIView):
    """One of the caller's appeals."""

    is_open_to_banned = True
    permission_classes = [SignedIn]

    @extend_schema(operation_id="appeals_detail", responses=schema_for(AppealView))
    def get(self, request: Request, appeal_id: str) -> HttpResponse:
        """Show an appeal of the caller's, and what was decided."""
        return json_response(
            appeal_queries.get_appeal(appeal_id=appeal_id, user_id=request.user.user_id)
        )


class AppealVerdict(APIView):
    """Where an appeal is decided."""

    rate = Rate.CRITICAL
    permission_classes = [SignedIn]

    @extend_schema(operation_id="appeals_decide", request=VerdictInput, responses={204: None})
    def post(self, request: Request, appeal_id: str) -> HttpResponse:
        """Grant it, which lifts the ban, or reject it: by somebody else than who has banned.

        403 `out-of-reach` for him, unless nobody else of the story's moderators, or of those who
        lift the platform's bans, is there to judge.
        """
        appealing.decide_appeal(
            appeal_id=appeal_id,
            caller_id=request.user.user_id,
            now=timezone.now(),
            **read_input(VerdictInput, request),
        )
        return empty_response()


class StoryAppeals(APIView):
    """The appeals against a story's bans."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="stories_appeals",
        parameters=[QueueInput],
        responses=schema_for(AppealListPage),
    )
    def get(self, request: Request, slug: str) -> HttpResponse:
        """List the appeals against what a story's team has banned, for its moderators."""
        limit, cursor = page_params(request)
        is_open = read_query(QueueInput, request)["open"]
        open_story(slug=slug, user_id=request.user.user_id, action=Action.MODERATE)
        page = appeal_queries.list_appeals(
            story_slug=slug, is_open=is_open, limit=limit, cursor=cursor
        )
        return link_next(request, json_response(page))


class PlatformAppeals(APIView):
    """The appeals against the platform's bans."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="moderation_appeals",
        parameters=[QueueInput],
        responses=schema_for(AppealListPage),
    )
    def get(self, request: Request) -> HttpResponse:
        """List the appeals against bans from the platform, and against its bans from stories."""
        limit, cursor = page_params(request)
        is_open = read_query(QueueInput, request)["open"]
        check_duty(Duty.LOOK, caller_id=request.user.user_id)
        page = appeal_queries.list_appeals(is_open=is_open, limit=limit, cursor=cursor)
        return link_next(request, json_response(page))
