"""Exports over HTTP: parse, one call, render."""

from django.http import FileResponse, HttpResponse
from django.utils import timezone
from django.utils.text import get_valid_filename
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.exports import queries, services
from apps.exports.files import SUFFIXES, open_file
from apps.exports.links import read_signature
from apps.exports.pages import ExportListPage, ExportPage
from apps.exports.rendering import FORMATS
from apps.exports.serializers import ExportInput
from storychain.api.authentication import SignedIn
from storychain.api.idempotency import IDEMPOTENCY_KEY, create_once
from storychain.api.pagination import link_next, page_params
from storychain.api.parsing import read_input, single_value
from storychain.api.rates import Rate
from storychain.api.responses import accepted_response, json_response
from storychain.api.schema import schema_for
from storychain.errors import Unauthenticated

LONGEST_NAME = 60


class StoryExports(APIView):
    """Where a story is asked for as a file."""

    rate = Rate.CRITICAL
    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="exports_create",
        parameters=[IDEMPOTENCY_KEY],
        request=ExportInput,
        responses={202: schema_for(ExportPage)},
    )
    def post(self, request: Request, slug: str) -> HttpResponse:
        """Have a story made into a file; `Location` tells where to see how it comes along.

        The same request again, while the first is under way, is answered with that one.
        """
        wanted, now, caller = read_input(ExportInput, request), timezone.now(), request.user.user_id

        def create() -> str:
            export = services.request_export(
                story_slug=slug,
                user_id=caller,
                format_name=wanted["format"],
                chapter_slug=wanted.get("chapter"),
                path=wanted.get("path", []),
                language=wanted.get("language", ""),
                now=now,
            )
            return str(export.export_id)

        def show(export_id: str) -> HttpResponse:
            page = queries.get_export_page(export_id=export_id, user_id=caller, now=now)
            place = f"{request.path.split('/stories/')[0]}/exports/{export_id}"
            return accepted_response(page, location=place)

        return create_once(request, create=create, show=show)


class Exports(APIView):
    """The caller's exports."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="exports_list", responses=schema_for(ExportListPage))
    def get(self, request: Request) -> HttpResponse:
        """List the caller's exports, newest first."""
        limit, cursor = page_params(request)
        page = queries.list_exports(
            user_id=request.user.user_id, limit=limit, cursor=cursor, now=timezone.now()
        )
        return link_next(request, json_response(page))


class ExportDetail(APIView):
    """One of the caller's exports."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="exports_detail", responses=schema_for(ExportPage))
    def get(self, request: Request, export_id: str) -> HttpResponse:
        """Show how far an export is and, when it is done, a link to its file."""
        return json_response(
            queries.get_export_page(
                export_id=export_id, user_id=request.user.user_id, now=timezone.now()
            )
        )


class ExportFile(APIView):
    """An export's file."""

    @extend_schema(
        operation_id="exports_file",
        parameters=[OpenApiParameter("signature", str, description="What `file_url` carries.")],
        responses={
            (200, kind.media_type.split(";")[0]): OpenApiTypes.BINARY for kind in FORMATS.values()
        },
    )
    def get(self, request: Request, export_id: str) -> FileResponse:
        """Send the file to who asked for it, or to who has the link that he was given.

        The link works without signing in, as a browser follows it; signed in as somebody else
        there is nothing here (404). Past its time, or when he may no longer read the story, it is
        answered with 410.
        """
        now = timezone.now()
        user_id = request.user.user_id
        if user_id is None:
            signature = single_value(request, "signature")
            if not signature:
                raise Unauthenticated("Sign in, or follow the link that the export shows.")
            user_id = read_signature(export_id=export_id, signature=signature, now=now)
        return _send(queries.get_finished(export_id=export_id, user_id=user_id, now=now))


def _send(finished: queries.Finished) -> FileResponse:
    """Stream the file as a download; the name is encoded by RFC 5987 where it must be."""
    name = get_valid_filename(f"{finished.title[:LONGEST_NAME]}_").strip("._-") or "story"
    response = FileResponse(
        open_file(finished.file),
        as_attachment=True,
        filename=name + SUFFIXES[finished.format],
        content_type=FORMATS[finished.format].media_type,
    )
    response.headers["Cache-Control"] = "private, no-store"
    return response
