"""Where events are taken; none of it is cached."""

from django.urls import path

from apps.analytics import views
from storychain.cache.http import CacheRow

urlpatterns = [path("events", views.Events.as_view(), name="events")]

CACHE_MAP: dict[str, CacheRow] = {}
