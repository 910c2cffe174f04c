"""The API's description: OpenAPI 3.1 by drf-spectacular, answers as msgspec describes them."""

from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import etag, require_safe
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiResponse
from drf_spectacular.views import SpectacularRedocView, SpectacularSwaggerView

from storychain.api.pagination import DEFAULT_LIMIT, MAX_LIMIT
from storychain.api.problems import MEDIA_TYPE, Problem
from storychain.api.rates import Rate
from storychain.api.throttling import limited

SHAPES = "#/components/schemas/{name}"
CACHE_HEADERS: dict[str, tuple[str, str]] = {
    "X-Cache": ("HIT, MISS, STALE or BYPASS: where the page comes from.", "string"),
    "ETag": ("Send it back as If-None-Match to be answered 304 while nothing changed.", "string"),
    "Age": ("Seconds since the page was made.", "integer"),
}

LIMIT_HEADERS: dict[str, tuple[str, str]] = {
    "RateLimit-Policy": ('The class of request and its limit, as in "write";q=20;w=60.', "string"),
    "RateLimit": ("How many are left (r) and for how many seconds (t).", "string"),
}
NEXT = {"Link": ('<...>; rel="next": the following page, if there is one.', "string")}
PAGE_PARAMETERS: list[dict[str, Any]] = [
    {
        "name": "limit",
        "in": "query",
        "description": "How many items a page has at most.",
        "schema": {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
    },
    {
        "name": "cursor",
        "in": "query",
        "description": "The `next_cursor` of the page before, with the same filters.",
        "schema": {"type": "string"},
    },
]

_shapes: set[Any] = {Problem}


def schema_for(shape: Any) -> OpenApiResponse:
    """Describe an answer by its msgspec Struct; for `extend_schema(responses=...)`."""
    _shapes.add(shape)
    schemas, _ = msgspec.json.schema_components([shape], ref_template=SHAPES)
    return OpenApiResponse(schemas[0], description=_first_line(shape))


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How a caller says who he is."""

    target_class = "storychain.api.authentication.ClerkAuthentication"
    name = "bearer"

    def get_security_definition(self, _auto_schema: AutoSchema) -> dict[str, str]:
        """Return the security scheme."""
        said = "A Clerk session token; without Clerk, one that `manage.py mint_token USER` prints."
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": said}


def complete_schema(result: dict[str, Any], **_context: Any) -> dict[str, Any]:
    """Add what every operation has: the shapes of answers, problems, what the cache says."""
    components = result.setdefault("components", {})
    _, shapes = msgspec.json.schema_components(sorted(_shapes, key=str), ref_template=SHAPES)
    components.setdefault("schemas", {}).update(shapes)
    components["responses"] = {"Problem": _problem()}
    components["headers"] = {
        name: {"description": said, "schema": {"type": kind}}
        for name, (said, kind) in (CACHE_HEADERS | LIMIT_HEADERS | NEXT).items()
    }
    lists = {
        SHAPES.format(name=n) for n, s in shapes.items() if "next_cursor" in s.get("properties", {})
    }
    for operations in result["paths"].values():
        for method, operation in operations.items():
            _complete_operation(method, operation, lists)
    return result


@cache
def _document() -> tuple[bytes, str]:
    described = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    body = msgspec.json.encode(described)
    return body, f'"{sha256(body).hexdigest()[:16]}"'


@csrf_exempt
@require_safe
@limited(Rate.WRITE)
@etag(lambda _request: _document()[1])
def schema(_request: HttpRequest) -> HttpResponse:
    """Send the description; it is made once a process."""
    return HttpResponse(_document()[0], content_type="application/json")


class Swagger(SpectacularSwaggerView):
    """Swagger from local files; a page has nothing to say to OPTIONS, and no template for it."""

    metadata_class = None


class Redoc(SpectacularRedocView):
    """Redoc from local files alone: the stock page asks other hosts for its fonts."""

    metadata_class = None
    template_name = "api/redoc.html"


def _complete_operation(method: str, operation: dict[str, Any], lists: set[str]) -> None:
    responses = operation["responses"]
    responses["default"] = {"$ref": "#/components/responses/Problem"}
    for status, response in responses.items():
        if status != "default":
            response["headers"] = _headers(LIMIT_HEADERS)
    if method != "get" or "200" not in responses:
        return
    headers = CACHE_HEADERS | LIMIT_HEADERS
    if _shape_of(responses["200"]) in lists:
        operation.setdefault("parameters", []).extend(PAGE_PARAMETERS)
        headers |= NEXT
    responses["200"]["headers"] = _headers(headers)


def _headers(names: Iterable[str]) -> dict[str, dict[str, str]]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _shape_of(response: dict[str, Any]) -> str | None:
    content = response.get("content", {}).get("application/json", {})
    reference: str | None = content.get("schema", {}).get("$ref")
    return reference


def _problem() -> dict[str, Any]:
    shape = {"$ref": SHAPES.format(name=Problem.__name__)}
    return {
        "description": "What went wrong (RFC 9457).",
        "content": {MEDIA_TYPE: {"schema": shape}},
    }


def _first_line(shape: Any) -> str:
    return str(shape.__doc__ or "").partition("\n")[0]
