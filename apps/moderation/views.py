"""Reports over HTTP: parse, one call, render."""

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.access.rules import Action
from apps.moderation import queries, reporting
from apps.moderation.pages import ReportListPage, ReportView
from apps.moderation.platform import Duty, check_duty, may
from apps.moderation.serializers import DecisionInput, QueueInput, ReportInput
from apps.stories.queries import open_story
from storychain.api.authentication import SignedIn
from storychain.api.idempotency import IDEMPOTENCY_KEY, create_once
from storychain.api.pagination import link_next, page_params
from storychain.api.parsing import read_input, read_query
from storychain.api.rates import Rate
from storychain.api.responses import created_response, empty_response, json_response
from storychain.api.schema import schema_for


class Reports(APIView):
    """Where members say what should not be here."""

    rate = Rate.WRITE
    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="reports_create",
        parameters=[IDEMPOTENCY_KEY],
        request=ReportInput,
        responses={201: schema_for(ReportView)},
    )
    def post(self, request: Request) -> HttpResponse:
        """Report a story, chapter, comment or person, once; 409 `already-there` the second time."""
        sent, caller_id = read_input(ReportInput, request), request.user.user_id

        def create() -> str:
            return reporting.file_report(reporter_id=caller_id, now=timezone.now(), **sent)

        def show(report_id: str) -> HttpResponse:
            page = queries.get_report(report_id=report_id, user_id=caller_id)
            place = reverse("report-detail", kwargs={"report_id": report_id})
            return created_response(page, location=place)

        return create_once(request, create=create, show=show)


class ReportDetail(APIView):
    """One report."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="reports_detail", responses=schema_for(ReportView))
    def get(self, request: Request, report_id: str) -> HttpResponse:
        """Show a report to its reporter, to those who decide and, once decided, to whose it is."""
        return json_response(queries.get_report(report_id=report_id, user_id=request.user.user_id))


class ReportDecision(APIView):
    """Where a report is decided on."""

    rate = Rate.WRITE
    permission_classes = [SignedIn]

    @extend_schema(operation_id="reports_decide", request=DecisionInput, responses={204: None})
    def post(self, request: Request, report_id: str) -> HttpResponse:
        """Take it on, resolve, dismiss or escalate it, with all open reports of the same thing.

        The reporters are told what came of it, and the accused, once, when it is upheld. What is
        escalated is the platform's moderators' from then on.
        """
        reporting.decide_report(
            report_id=report_id,
            caller_id=request.user.user_id,
            now=timezone.now(),
            **read_input(DecisionInput, request),
        )
        return empty_response()


class StoryReports(APIView):
    """What is reported in a story."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="stories_reports",
        parameters=[QueueInput],
        responses=schema_for(ReportListPage),
    )
    def get(self, request: Request, slug: str) -> HttpResponse:
        """List the reports of a story's chapters and comments, for its moderators."""
        limit, cursor = page_params(request)
        open_story(slug=slug, user_id=request.user.user_id, action=Action.MODERATE)
        page = queries.list_reports(
            caller_id=request.user.user_id,
            story_slug=slug,
            is_open=read_query(QueueInput, request)["open"],
            limit=limit,
            cursor=cursor,
        )
        return link_next(request, json_response(page))


class PlatformReports(APIView):
    """What the platform's moderators have to decide."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="moderation_reports",
        parameters=[QueueInput],
        responses=schema_for(ReportListPage),
    )
    def get(self, request: Request) -> HttpResponse:
        """List what the platform decides on: whole stories, people, and what a story's team cannot.

        That is what it has escalated, and what none of it may decide on. An appeal moderator sees
        what is reported, but neither by whom nor with which words.
        """
        limit, cursor = page_params(request)
        is_open = read_query(QueueInput, request)["open"]
        role = check_duty(Duty.LOOK, caller_id=request.user.user_id)
        page = queries.list_reports(
            caller_id=request.user.user_id,
            is_open=is_open,
            is_judge=may(Duty.DECIDE, role),
            limit=limit,
            cursor=cursor,
        )
        return link_next(request, json_response(page))


class Flag(APIView):
    """The mark that reports or votes have put on a chapter."""

    rate = Rate.WRITE
    permission_classes = [SignedIn]

    @extend_schema(operation_id="chapters_flag_clear", responses={204: None})
    def delete(self, request: Request, slug: str, chapter_slug: str) -> HttpResponse:
        """Take it away, as a moderator who has found nothing; votes do not put it back."""
        reporting.clear_flag(
            story_slug=slug,
            slug=chapter_slug,
            caller_id=request.user.user_id,
            now=timezone.now(),
        )
        return empty_response()
