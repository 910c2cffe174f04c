"""Where search is found, and how it is cached."""

from django.urls import path

from apps.search import keys, views
from storychain.cache.http import CacheRow

urlpatterns = [path("search", views.Search.as_view(), name="search")]

CACHE_MAP = {
    # Public, but for whoever works on what is not: to him alone, and by what he is to each story.
    "search": CacheRow(
        key=keys.search_results,
        ttl="SEARCH_RESULTS",
        tags=("search", "user", "profile", "story", "chapter"),
        audience="public",
        query=("q", "type", "genre", "tag", "exclude", "rating", "status", "limit", "cursor"),
    ),
}
