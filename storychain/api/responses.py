"""Answers that do not come from a cached page as they are."""

from typing import TypeAlias

import msgspec
from django.http import HttpResponse

from storychain.cache.region import Cached

Page: TypeAlias = msgspec.Struct | Cached[msgspec.Struct]
UNSHARED = {"Cache-Control": "private, no-store", "X-Cache": "BYPASS"}


def json_response(page: Page, *, status: int = 200) -> HttpResponse:
    """Send a page to this caller alone; nobody may keep it."""
    body = page.body if isinstance(page, Cached) else msgspec.json.encode(page)
    return HttpResponse(body, content_type="application/json", status=status, headers=UNSHARED)


def created_response(page: Page, *, location: str) -> HttpResponse:
    """Say where the new thing is (201), and show it."""
    response = json_response(page, status=201)
    response.headers["Location"] = location
    return response


def accepted_response(page: Page, *, location: str) -> HttpResponse:
    """Say where to see how the work that was taken on (202) comes along."""
    response = json_response(page, status=202)
    response.headers["Location"] = location
    return response


def empty_response() -> HttpResponse:
    """Say that it is done and that there is nothing to show (204)."""
    response = HttpResponse(status=204, headers=UNSHARED)
    del response.headers["Content-Type"]  # Django's default is HTML
    return response
