"""How much a caller may ask for in a minute: by the class of what he asks for.

1. Whoever reads is a reader. A view that writes says of which class that is: `rate = Rate.WRITE`.
2. A write is counted before anything is done. A read is counted while its page is fetched, and its
   answer is thrown away if it was one too many: so a page from the cache waits for nothing more.
3. While Redis is away each process counts by itself, and what is `critical` is refused (503).

A caller is a signed-in person, wherever he calls from, else an address. Headers: `RateLimit` and
`RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10), `Retry-After` with a 429.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from prometheus_client import Counter
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from storychain.api.addresses import address_of
from storychain.api.problems import describe, problem_response
from storychain.api.rates import Call, Rate, RateLimited, Uncounted, rate_of

LIMITED = Counter("storychain_requests_limited", "Requests refused for a rate limit.", ["rate"])

View = Callable[..., HttpResponseBase]


class CallerThrottle(BaseThrottle):
    """Counts whatever comes to REST framework's views."""

    def allow_request(self, request: Request, view: object) -> bool:
        """Count a request; raise RateLimited for a write that is one too many."""
        caller: Any = request.user  # a storychain.api.authentication.Caller
        count(request, rate_of(view, request.method or ""), user_id=caller.user_id)
        return True


def count(request: HttpRequest | Request, rate: Rate, *, user_id: str | None) -> None:
    """Count a request as one of this class; its answer then tells how many are left.

    Raise RateLimited if it was one too many, but for a read; that is told by the middleware.
    """
    plain: Any = getattr(request, "_request", request)
    if rate is Rate.PUBLIC_READ and user_id is not None:
        rate = Rate.SIGNED_IN_READ
    plain.counted = call = Call(rate, user_id or f"@{address_of(plain)}")
    if rate not in {Rate.PUBLIC_READ, Rate.SIGNED_IN_READ}:
        call.check()


def limited(rate: Rate) -> Callable[[View], View]:
    """Count what comes to a plain view; its GET is a read."""

    def declare(view: View) -> View:
        @wraps(view)
        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            count(request, rate_of(answer, request.method or ""), user_id=None)
            return view(request, *args, **kwargs)

        answer.rate = rate  # type: ignore[attr-defined]
        return answer

    return declare


def throttling_middleware(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Tell callers where they stand, and refuse in the place of a read that was one too many."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        call: Call | None = getattr(request, "counted", None)
        return response if call is None else _tell(request, response, call)

    return answer


def _tell(request: HttpRequest, response: HttpResponseBase, call: Call) -> HttpResponseBase:
    try:
        call.check()
    except RateLimited as error:
        LIMITED.labels(call.rate).inc()
        response = _refuse(request, error, instead_of=response)
    except Uncounted:
        return response  # it says so itself
    for name, value in call.headers().items():
        response.headers[name] = value
    return response


def _refuse(request: HttpRequest, error: RateLimited, *, instead_of: Any) -> HttpResponseBase:
    what = describe(error)
    assert what is not None  # noqa: S101 - for mypy
    response = problem_response(request, what)
    # An answer that nobody is sent may hold an open file; it closes with the one that is sent.
    response._resource_closers.extend(instead_of._resource_closers)  # type: ignore[attr-defined] # noqa: SLF001
    return response
