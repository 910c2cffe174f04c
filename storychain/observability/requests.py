"""A request's id from the edge to the logs, and one line for every request that was answered."""

import re
import time
from collections.abc import Callable
from uuid import uuid4

import structlog
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from structlog.contextvars import clear_contextvars

from storychain.observability.correlation import current_request_id, enter_behalf, leave_behalf
from storychain.observability.metrics import count_request

ACCEPTED_ID = re.compile(r"[A-Za-z0-9._-]{8,128}", re.ASCII)
PROBED = ("/livez", "/readyz", "/metrics")
UNMATCHED = "(unmatched)"

GetResponse = Callable[[HttpRequest], HttpResponseBase]
log = structlog.get_logger("storychain.access")


def request_middleware(get_response: GetResponse) -> GetResponse:
    """Give the request an id (`X-Request-ID`, the caller's if sane) and write its access line.

    The outermost middleware: whatever is logged while the request is served carries the id.
    """

    def answer(request: HttpRequest) -> HttpResponseBase:
        started = time.perf_counter()
        clear_contextvars()
        behalf = enter_behalf(request_id=_request_id(request))
        try:
            response = get_response(request)
            response.headers["X-Request-ID"] = current_request_id()
            _record(request, response, time.perf_counter() - started)
            return _without_body(response) if request.method == "HEAD" else response
        finally:
            leave_behalf(behalf)
            clear_contextvars()

    return answer


def _request_id(request: HttpRequest) -> str:
    given = request.headers.get("X-Request-ID", "")
    return given if ACCEPTED_ID.fullmatch(given) else uuid4().hex


def _without_body(response: HttpResponseBase) -> HttpResponseBase:
    """Take the body away but leave its length (RFC 9110, 9.3.2); a stream is left to the server."""
    if isinstance(response, HttpResponse):
        response.content = b""
    return response


def _record(request: HttpRequest, response: HttpResponseBase, seconds: float) -> None:
    matched = request.resolver_match
    route = f"/{matched.route}" if matched else UNMATCHED
    cache = response.headers.get("X-Cache", "-")
    count_request(
        method=request.method or "",
        route=route,
        status=response.status_code,
        cache=cache,
        seconds=seconds,
    )
    write = log.debug if route in PROBED else log.info
    write(
        "request",
        method=request.method,
        route=route,
        status=response.status_code,
        ms=round(seconds * 1000, 1),
        cache=cache,
    )
