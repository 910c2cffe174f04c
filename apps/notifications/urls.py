"""Where notifications are found, and how they are cached: each for one person."""

from django.urls import path

from apps.notifications import keys, views
from storychain.cache.http import CacheRow

urlpatterns = [
    path("notifications", views.Notifications.as_view(), name="notifications"),
    path("notifications/count", views.Count.as_view(), name="notifications-count"),
    path("notifications/read-all", views.ReadAll.as_view(), name="notifications-read-all"),
    path(
        "notifications/<str:notification_id>/read", views.Read.as_view(), name="notification-read"
    ),
]

CACHE_MAP = {
    "notifications": CacheRow(
        key=keys.notification_list,
        ttl="NOTIFICATION_LIST",
        tags=("notif", "user", "story", "chapter", "pr", "standing", "platform-role"),
        audience="private",
        query=("unread", "limit", "cursor"),
    ),
    "notifications-count": CacheRow(
        key=keys.notification_count, ttl="NOTIFICATION_COUNT", tags=("notif",), audience="private"
    ),
}
