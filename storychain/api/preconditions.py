"""`If-Match` on things that have a version: nobody overwrites what he has not read.

An entity tag here is `"<version>-<hash of the page>"`. The whole of it tells whether a page is the
same (If-None-Match); what an edit is made on is told by the version alone, so that a vote or a
renamed author, which the page shows as well, costs no writer his edit.
"""

import re
from collections.abc import Collection
from typing import Any

import msgspec
from django.utils.http import parse_etags
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from storychain.cache.region import Cached
from storychain.errors import PreconditionFailed

IF_MATCH = OpenApiParameter(
    "If-Match",
    location=OpenApiParameter.HEADER,
    description="The ETag of the page that the change is made on; 412 if it has moved on since.",
)
_TAG = re.compile(r'"([0-9]{1,9})(?:-[0-9a-f]*)?"', re.ASCII)


def versioned_etag(version: int, etag: str) -> str:
    """Return the entity tag of a page that shows this version of something."""
    return f'"{version}-{etag.strip(chr(34))}"'


class _Versioned(msgspec.Struct):
    version: int


def page_etag(page: Cached[Any]) -> str:
    """Return the entity tag of a cached page that shows its `version`; nothing else is decoded."""
    return versioned_etag(msgspec.json.decode(page.body, type=_Versioned).version, page.etag)


def versions_in_if_match(request: Request) -> Collection[int] | None:
    """Return the versions that the caller would change; None if any will do (no header, or `*`).

    A tag that is weak or none of ours stands for no version (RFC 9110, 13.1.1).
    """
    header = request.headers.get("If-Match")
    if header is None or header.strip() == "*":
        return None
    return {int(found[1]) for tag in parse_etags(header) if (found := _TAG.fullmatch(tag))}


def check_version(current: int, *, expected: Collection[int] | None) -> None:
    """Raise PreconditionFailed if the caller has read another version than the current one."""
    if expected is not None and current not in expected:
        raise PreconditionFailed(f"It is at version {current}; read it again and redo the edit.")
