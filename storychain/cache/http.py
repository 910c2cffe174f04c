"""A cached page as an answer: how it came, whether the caller has it, who else may keep it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.http import parse_etags

from storychain.cache.region import Cached

Audience = Literal["public", "private"]

# `no-cache` lets a browser keep a public page but ask each time: no copy outlives a write unseen.
KEEPING = {"public": "public, no-cache", "private": "private, no-store"}
CACHE_STATUS = {
    "HIT": "StoryChain; hit",
    "STALE": "StoryChain; hit; detail=stale",
    "MISS": "StoryChain; fwd=miss",
    "BYPASS": "StoryChain; fwd=bypass",
}


@dataclass(frozen=True, kw_only=True)
class CacheRow:
    """How a route is cached: its key, the name of its TTL, the kinds of its tags, and for whom.

    `key` takes the route's parameters by their names, and what the query was read to. `query` are
    the query parameters that shape the page; no other makes an entry of its own. A reader's page is
    public while everybody may read it, else private to those who were let in.
    """

    key: Callable[..., str]
    ttl: str
    tags: Sequence[str]
    audience: Audience | Literal["reader"]
    query: Sequence[str] = ()


def cached_response(
    request: HttpRequest | Any,
    cached: Cached[Any],
    *,
    audience: Audience,
    status: int = 200,
    etag: str | None = None,
    content: tuple[str, bytes] | None = None,
) -> HttpResponse:
    """Return a page as an answer, or 304 when the caller's `If-None-Match` names it.

    What is no JSON is sent as `content`: its media type, and what the page's body was made to.

    Headers: X-Cache, Cache-Status (RFC 9211), Age, ETag, Cache-Control; Surrogate-Key where a
    purge by it is configured (SURROGATE_KEYS).
    """
    etag = etag or cached.etag
    media_type, body = content or ("application/json", cached.body)
    is_known = status == 200 and _names(request.headers.get("If-None-Match", ""), etag)  # noqa: PLR2004
    response = HttpResponse(
        b"" if is_known else body,
        content_type=media_type,
        status=304 if is_known else status,
        headers={
            "X-Cache": cached.state,
            "Cache-Status": _status_of(cached),
            "Age": str(cached.age),
            "ETag": etag,
            "Cache-Control": KEEPING[audience],
        },
    )
    if is_known:
        del response.headers["Content-Type"]
    if audience == "public" and settings.SURROGATE_KEYS:
        response.headers["Surrogate-Key"] = " ".join(cached.tags)
    return response


def _status_of(cached: Cached[Any]) -> str:
    is_new = cached.state == "MISS" and cached.is_stored
    return CACHE_STATUS[cached.state] + ("; stored" if is_new else "")


def _names(header: str, etag: str) -> bool:
    """Compare weakly, as RFC 9110 asks of If-None-Match."""
    known = parse_etags(header)
    return "*" in known or etag in (name.removeprefix("W/") for name in known)
