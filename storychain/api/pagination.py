"""Pages of lists by signed keyset cursors: where the last page ended, not how many to skip.

A cursor holds only for the list that issued it: its scope (the list with its filters) is part of
the signature.
"""

import re
from http import HTTPStatus
from typing import Any, Generic, TypeVar

import msgspec
from django.core.signing import BadSignature, Signer
from django.http import HttpResponse
from django.utils.encoding import escape_uri_path
from rest_framework.request import Request

from storychain.api.parsing import single_value
from storychain.errors import Invalid

T = TypeVar("T")
DEFAULT_LIMIT, MAX_LIMIT = 20, 100
LONGEST_CURSOR = 2000
DIGITS = re.compile(r"[0-9]{1,4}", re.ASCII)


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """One page of a list; `next_cursor` asks for the following one."""

    items: list[T]
    next_cursor: str | None
    has_more: bool


class _Next(msgspec.Struct):
    next_cursor: str | None = None


def page_params(request: Request) -> tuple[int, str | None]:
    """Return how many to show and the cursor, if any; raise Invalid that names the parameter."""
    if "page" in request.query_params:
        raise Invalid(
            "Lists are read by cursor, not by page number.",
            fields={"page": ["Use cursor: the next_cursor of the page before."]},
        )
    limit = single_value(request, "limit") or str(DEFAULT_LIMIT)
    if not DIGITS.fullmatch(limit) or not 1 <= int(limit) <= MAX_LIMIT:
        reason = f"Use a whole number from 1 to {MAX_LIMIT}."
        raise Invalid("The limit is not valid.", fields={"limit": [reason]})
    return int(limit), single_value(request, "cursor") or None


def encode_cursor(scope: str, values: list[Any]) -> str:
    """Return a URL-safe cursor for the place after these values (JSON types) in this list."""
    return _signer(scope).sign_object(values)


def decode_cursor(scope: str, cursor: str | None) -> list[Any] | None:
    """Return a cursor's values, None without a cursor; raise Invalid if another list issued it."""
    if cursor is None:
        return None
    try:
        values: list[Any] = _signer(scope).unsign_object(cursor[:LONGEST_CURSOR])
    except (BadSignature, UnicodeEncodeError):  # of half a character there is no signature
        reason = "This is not a cursor of this list with these filters; start without one."
        raise Invalid("The cursor is not valid.", fields={"cursor": [reason]}) from None
    return values


def link_next(request: Request, response: HttpResponse) -> HttpResponse:
    """Add `Link: <...>; rel="next"` (RFC 8288) if the page in the response has a `next_cursor`."""
    if response.status_code != HTTPStatus.OK or not response.content:
        return response
    following = msgspec.json.decode(response.content, type=_Next).next_cursor
    if following:
        query = request.query_params.copy()
        query["cursor"] = following
        target = f"{escape_uri_path(request.path)}?{query.urlencode()}"
        response.headers["Link"] = f'<{target}>; rel="next"'
    return response


def _signer(scope: str) -> Signer:
    return Signer(salt=f"storychain.cursor:{scope}", sep=".")
