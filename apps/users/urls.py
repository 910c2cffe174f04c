"""Where people are found, and which of it is cached how."""

from django.urls import path

from apps.users import keys, views
from storychain.cache.http import CacheRow

urlpatterns = [
    path("users/me", views.Me.as_view(), name="me"),
    path("users/me/sessions", views.Sessions.as_view(), name="sessions"),
    path("users/<str:user_id>/profile", views.Profile.as_view(), name="user-profile"),
    path("webhooks/clerk", views.ClerkWebhook.as_view(), name="clerk-webhook"),
]

CACHE_MAP = {
    "user-profile": CacheRow(
        key=keys.user_profile, ttl="USER_PROFILE", tags=("profile", "user"), audience="public"
    )
}
