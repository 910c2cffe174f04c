"""The cache key of a page of results, and how long it lives."""

from storychain.cache.keys import build_key
from storychain.cache.ttl import TTL

TTL.update(SEARCH_RESULTS=180)


def search_results(**shape: object) -> str:
    """Key of one page of results: every parameter that shapes the page is in it."""
    return build_key("search", "results", **shape)
