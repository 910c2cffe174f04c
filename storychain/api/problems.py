"""Every error as `application/problem+json` (RFC 9457), whoever raised it.

`describe` turns an exception into a Problem. REST framework's views come by `handle_exception`,
Django's plain views by `problem_middleware`, and what happens outside of any view by the handlers
of `handlers.py`.
"""

from collections.abc import Mapping
from functools import singledispatch
from http import HTTPStatus
from math import ceil
from typing import Any

import msgspec
import structlog
from django.core.exceptions import (
    BadRequest,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
)
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.utils.encoding import escape_uri_path
from rest_framework import exceptions

from storychain.api.flattening import flatten_errors
from storychain.api.outages import is_outage
from storychain.errors import StorychainError, Unavailable
from storychain.observability.correlation import current_request_id

MEDIA_TYPE = "application/problem+json"
CHALLENGE = 'Bearer realm="storychain"'
RETRY_SECONDS = 2
# What a caller sends is quoted in its problem; these keep the answer shorter than the question.
MOST_ERRORS, LONGEST_PLACE, LONGEST_REASON = 50, 200, 300

log = structlog.get_logger(__name__)


class Problem(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What went wrong. `code` is for programs, `detail` for people, `errors` by field of the input.

    `request_id` is what to quote to the operators, who find the same in their logs.
    """

    type: str
    title: str
    status: int
    code: str
    detail: str = ""
    instance: str = ""
    request_id: str = ""
    errors: dict[str, list[str]] = {}


class Description(msgspec.Struct, frozen=True):
    """What to say about an exception, before it is said about a certain request."""

    status: int
    code: str = ""
    title: str = ""
    detail: str = ""
    errors: Mapping[str, Any] = {}
    headers: Mapping[str, str] = {}


def problem_response(request: HttpRequest, what: Description) -> HttpResponse:
    """Render a description as the answer to this request."""
    body = encode_problem(what, path=request.path, request_id=current_request_id())
    headers = {"Cache-Control": "no-store", **_headers(what.status), **what.headers}
    return HttpResponse(body, content_type=MEDIA_TYPE, status=what.status, headers=headers)


def encode_problem(what: Description, *, path: str, request_id: str) -> bytes:
    """Return the JSON of a description that is said about a request to this path."""
    title = what.title or HTTPStatus(what.status).phrase
    code = what.code or HTTPStatus(what.status).phrase.lower().replace(" ", "-")
    return msgspec.json.encode(
        Problem(
            type=f"urn:storychain:problem:{code}",
            title=title,
            status=what.status,
            code=code,
            detail=what.detail[:LONGEST_REASON],
            instance=escape_uri_path(path)[:LONGEST_REASON],
            request_id=request_id,
            errors=_shortened(what.errors),
        )
    )


@singledispatch
def describe(error: BaseException) -> Description | None:
    """Return what to say about an exception; None if it is a defect, which is nobody's business."""
    if not is_outage(error):
        return None
    log.error("a part does not answer", exc_info=error)
    return _describe_condition(Unavailable("A part that this needs does not answer right now."))


@describe.register
def _describe_condition(error: StorychainError) -> Description:
    """Describe a condition; it may bring `retry_after` (seconds) and `headers` of its own."""
    return Description(
        status=error.status,
        code=error.code,
        title=error.title,
        detail=error.detail,
        errors=error.fields,
        headers={**_when(getattr(error, "retry_after", None)), **getattr(error, "headers", {})},
    )


@describe.register
def _describe_api_exception(error: exceptions.APIException) -> Description:
    return Description(
        status=error.status_code,
        detail=str(error.detail),
        headers=_when(getattr(error, "wait", None)),
    )


@describe.register
def _describe_invalid(error: exceptions.ValidationError) -> Description:
    return Description(
        400, "invalid", "The request is not valid", errors=flatten_errors(error.detail)
    )


@describe.register(Http404)
def _describe_missing(_error: Http404) -> Description:
    return Description(404, detail="There is nothing at this address.")


@describe.register(PermissionDenied)
def _describe_forbidden(_error: PermissionDenied) -> Description:
    return Description(403, detail="You may not do this.")


@describe.register(RequestDataTooBig)
def _describe_too_big(_error: RequestDataTooBig) -> Description:
    return Description(413, "body-too-large", detail="Send less in one request.")


@describe.register(UnreadablePostError)
@describe.register(SuspiciousOperation)
@describe.register(BadRequest)
def _describe_bad_request(_error: Exception) -> Description:
    return Description(400, detail="The request cannot be understood.")


def _headers(status: int) -> dict[str, str]:
    """Return what a status calls for: how to sign in, when to come again."""
    if status == HTTPStatus.UNAUTHORIZED:
        return {"WWW-Authenticate": CHALLENGE}
    return _when(RETRY_SECONDS) if status == HTTPStatus.SERVICE_UNAVAILABLE else {}


def _when(seconds: float | None) -> dict[str, str]:
    return {} if seconds is None else {"Retry-After": str(max(1, ceil(seconds)))}


def _shortened(errors: Mapping[str, Any]) -> dict[str, list[str]]:
    named = list(errors.items())[:MOST_ERRORS]
    return {
        place[:LONGEST_PLACE]: [str(reason)[:LONGEST_REASON] for reason in reasons][:MOST_ERRORS]
        for place, reasons in named
    }
