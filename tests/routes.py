"""The routes of the API, as the URL configuration has them."""

from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver


def patterns() -> Iterator[URLPattern]:
    """Everything under /api/v1."""

    def walk(found: list[Any], prefix: str) -> Iterator[URLPattern]:
        for one in found:
            route = prefix + str(one.pattern)
            if isinstance(one, URLResolver):
                yield from walk(one.url_patterns, route)
            elif route.startswith("api/v1/"):
                yield one

    yield from walk(get_resolver().url_patterns, "")
