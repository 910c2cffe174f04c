"""How much a caller may ask for in a minute: by the class of what he asks for.

1. Whoever reads is a reader. A view that writes says of which class that is: `rate = Rate.WRITE`.
2. A write is counted before anything is done. A read is counted while its page is fetched, and its
   answer is thrown away if it was one too many: so a page from the cache waits for nothing more.
   Whoever is known to be over has nothing fetched for him.
3. While Redis is away each process counts by itself, and what is `critical` is refused (503).

A caller is a signed-in person, wherever he calls from, or whose signed link it is, else an address.
What both may do that are signed in and that are not is of another class (SIGNED_IN) to the former:
a view names the latter's. Headers: `RateLimit` and
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
SIGNED_IN = {Rate.PUBLIC_READ: Rate.SIGNED_IN_READ, Rate.PUBLIC_WRITE: Rate.FAST_WRITE}


class CallerThrottle(BaseThrottle):
    """Counts whatever comes to REST framework's views."""

    def allow_request(self, request: Request, view: object) -> bool:
        """Count a request; raise RateLimited for a write that is one too many."""
        caller: Any = request.user  # a storychain.api.authentication.Caller
        count(request, rate_of(view, request.method or ""), caller=caller.user_id)
        return True


def count(request: HttpRequest | Request, rate: Rate, *, caller: str | None) -> None:
    """Count a request as one of this class; its answer then tells how many are left.

    Without a `caller` it is its address's. Raise RateLimited if it was one too many; of a read that
    is told by the middleware, unless it is known already.
    """
    plain: Any = getattr(request, "_request", request)
    if caller is not None:
        rate = SIGNED_IN.get(rate, rate)
    plain.counted = call = Call(rate, caller or f"@{address_of(plain)}")
    if rate not in {Rate.PUBLIC_READ, Rate.SIGNED_IN_READ} or call.is_over:
        call.check()


def limited(
    rate: Rate, *, whose: Callable[..., str | None] = lambda **_: None
) -> Callable[[View], View]:
    """Count what comes to a plain view; its GET is a read.

    `whose` tells from what is in the path who calls, if not the address; of links that we signed.
    """

    def declare(view: View) -> View:
        @wraps(view)
        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            count(request, rate_of(answer, request.method or ""), caller=whose(**kwargs))
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
