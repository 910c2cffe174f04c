"""Where a reader finds his own side of stories, and what of it is cached: each for one person."""

from django.urls import path

from apps.reading import keys, views
from storychain.cache.http import CacheRow

urlpatterns = [
    path("stories/<str:slug>/me", views.Overlay.as_view(), name="story-me"),
    path("reading-history", views.History.as_view(), name="reading-history"),
    path("reading-history/heartbeat", views.Heartbeat.as_view(), name="heartbeat"),
    path("stories/<str:slug>/reading-history", views.StoryHistory.as_view(), name="story-history"),
]

CACHE_MAP = {
    "reading-history": CacheRow(
        key=keys.reading_history,
        ttl="READING_HISTORY",
        tags=("hist", "story", "chapter", "standing", "platform-role"),
        audience="private",
        query=("limit", "cursor"),
    )
}
