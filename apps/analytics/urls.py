"""Where events are taken and figures are shown, and how these are cached."""

from django.urls import path

from apps.analytics import keys, views
from storychain.cache.http import CacheRow

urlpatterns = [
    path("events", views.Events.as_view(), name="events"),
    path("stories/<str:slug>/analytics", views.StoryAnalytics.as_view(), name="story-analytics"),
]

CACHE_MAP = {
    "story-analytics": CacheRow(
        key=keys.story_analytics,
        ttl="STORY_ANALYTICS",
        tags=("story", "tree", "days"),
        audience="private",
        query=("days",),
    ),
}
