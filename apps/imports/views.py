"""Imports over HTTP: the file is the body, as it is."""

from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.imports.errors import EmptyFile, TooLarge
from apps.imports.limits import LARGEST_FILE
from apps.imports.pages import ImportPage
from apps.imports.serializers import ImportInput
from apps.imports.services import ImportResult, find_import, import_story
from storychain.api.authentication import SignedIn
from storychain.api.idempotency import IDEMPOTENCY_KEY, create_once
from storychain.api.parsing import IDENTITY, UnsupportedEncoding, read_query
from storychain.api.rates import Rate
from storychain.api.responses import created_response, json_response
from storychain.api.schema import schema_for

# What a media type says about the format; text/plain may be a novel or anything saved as .txt.
MEDIA_TYPES = {"text/plain": "auto", "text/markdown": "markdown", "text/x-twee": "twee"}


class _TextParser(BaseParser):
    """REST framework's way to a body that is a file, of up to LARGEST_FILE bytes."""

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Any = None
    ) -> bytes:
        """Return the bytes; raise TooLarge without reading more than that."""
        encoding = parser_context["request"].headers.get("Content-Encoding", "").lower()
        if encoding not in IDENTITY:
            raise UnsupportedEncoding(encoding)
        data: bytes = stream.read(LARGEST_FILE + 1)
        if len(data) > LARGEST_FILE:
            raise TooLarge(f"An import takes at most {LARGEST_FILE:,} bytes.")
        return data


class PlainText(_TextParser):
    """A file that may be anything."""

    media_type = "text/plain"


class MarkdownText(_TextParser):
    """A file that says that it is Markdown."""

    media_type = "text/markdown"


class TweeText(_TextParser):
    """A file that says that it is Twee."""

    media_type = "text/x-twee"


class Imports(APIView):
    """Where a file becomes a story."""

    rate = Rate.WRITE
    permission_classes = [SignedIn]
    parser_classes = [PlainText, MarkdownText, TweeText]

    @extend_schema(
        operation_id="stories_import",
        parameters=[ImportInput, IDEMPOTENCY_KEY],
        request=dict.fromkeys(MEDIA_TYPES, OpenApiTypes.STR),
        responses={200: schema_for(ImportPage), 201: schema_for(ImportPage)},
    )
    def post(self, request: Request) -> HttpResponse:
        """Make a draft of a plain-text novel, a Markdown or a Twee 3 file: the body, in UTF-8.

        The same file again changes nothing and is answered 200 with the story that it became, also
        without an Idempotency-Key; with one, the first answer is given again. A file that is
        refused leaves nothing behind; the answer says in which line and why.
        """
        chosen = read_query(ImportInput, request)
        data = request.data
        if not isinstance(data, bytes):  # REST framework does not ask a parser about no body
            raise EmptyFile("Send the file as the body.")
        kind = (request.content_type or "").partition(";")[0].strip().lower()
        made: list[ImportResult] = []

        def create() -> str:
            result = import_story(
                data=data,
                author_id=request.user.user_id,
                now=timezone.now(),
                format=chosen.get("format") or MEDIA_TYPES[kind],
                title=chosen.get("title"),
            )
            made[:] = [result]
            return result.story_slug

        def show(slug: str) -> HttpResponse:
            result = made[0] if made else find_import(author_id=request.user.user_id, slug=slug)
            return _show(result, stories=request.path.removesuffix("import"))

        return create_once(request, create=create, show=show)


def _show(result: ImportResult, *, stories: str) -> HttpResponse:
    page = ImportPage(**{**result._asdict(), "notes": list(result.notes)})
    if not result.created:
        return json_response(page)
    return created_response(page, location=stories + result.story_slug)
