"""Where errors leave Django: each of its ways out ends in `problems.py`."""

import re
import sys
from collections.abc import Callable
from typing import Any

from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from msgspec.structs import replace
from rest_framework.exceptions import MethodNotAllowed, UnsupportedMediaType
from rest_framework.views import APIView

from storychain.api.parsing import UnsupportedEncoding
from storychain.api.problems import Description, describe, problem_response

DEFECT = Description(500, "defect", "Something went wrong here")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# Django brings these to the handlers below by itself, and logs them as it sees fit.
DJANGOS_OWN = (Http404, PermissionDenied, BadRequest, SuspiciousOperation)


def handle_exception(error: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """Answer for REST framework's views; None leaves a defect to Django, which logs it.

    REST framework asks who calls before it looks whether the route knows the method: one that it
    does not know is answered so to everybody.
    """
    request, view = context["request"], context["view"]
    if request.method not in view.allowed_methods:
        error = MethodNotAllowed(request.method)
    what = describe(error)
    if what and isinstance(error, UnsupportedMediaType):
        what = replace(what, headers={**what.headers, **_say_what_is_taken(error, view)})
    return problem_response(request, what) if what else None


def _say_what_is_taken(error: Exception, view: APIView) -> dict[str, str]:
    """Return what a 415 is to say (RFC 9110, 15.5.16)."""
    if isinstance(error, UnsupportedEncoding):
        return {"Accept-Encoding": "identity"}
    return {"Accept": ", ".join(str(parser.media_type) for parser in view.parser_classes)}


class ProblemMiddleware:
    """Answers for plain views, and for requests that no view could make sense of."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """Take what answers all other requests."""
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer; an empty "method not allowed" is given its problem."""
        refusal = _refuse(request)
        if refusal:
            return problem_response(request, refusal)
        response = self._get_response(request)
        if isinstance(response, HttpResponseNotAllowed) and not response.content:
            headers = {"Allow": response.headers["Allow"]}
            return problem_response(request, Description(405, headers=headers))
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer for what a plain view raised; None leaves it to Django."""
        what = None if isinstance(error, DJANGOS_OWN) else describe(error)
        return problem_response(request, what) if what else None


def client_error(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer as Django's handler400, handler403 and handler404."""
    what = describe(exception) or Description(400, detail="The request cannot be understood.")
    return problem_response(request, what)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer as Django's handler500: outages are named, a defect only gets its request id."""
    error = sys.exc_info()[1]
    return problem_response(request, (describe(error) if error else None) or DEFECT)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form of the admin that was sent without its token, or with an old one."""
    return problem_response(request, Description(403, "csrf", "The form is too old", reason))


def _refuse(request: HttpRequest) -> Description | None:
    """Say why no view should see this request, if so."""
    found = CONTROL.search(request.path)
    if found:
        sign = f"The path has the control character U+{ord(found.group()):04X}."
        return Description(400, "bad-path", detail=sign, errors={"path": [sign]})
    if "Transfer-Encoding" in request.headers and not request.META.get("CONTENT_LENGTH"):
        return Description(411, detail="Send the body with its Content-Length, not in chunks.")
    return None
