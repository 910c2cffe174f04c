"""Where a link to unsubscribe leads, and how staff get a new password; none of it is cached."""

from django.contrib import admin
from django.contrib.auth import views as auth
from django.urls import path

from apps.emails import views
from apps.emails.forms import QueuedPasswordResetForm
from storychain.api.rates import Rate
from storychain.api.throttling import limited
from storychain.cache.http import CacheRow

SITE = {"site_header": admin.site.site_header, "site_title": admin.site.site_title}

urlpatterns = [
    path("emails/unsubscribe/<str:token>", views.unsubscribe, name="emails-unsubscribe"),
]

# Django's own pages, under the names by which they and the admin's login find each other.
ADMIN_PATTERNS = [
    path(
        "password-reset/",
        limited(Rate.WRITE)(
            auth.PasswordResetView.as_view(form_class=QueuedPasswordResetForm, extra_context=SITE)
        ),
        name="admin_password_reset",
    ),
    path(
        "password-reset/done/",
        auth.PasswordResetDoneView.as_view(extra_context=SITE),
        name="password_reset_done",
    ),
    path(
        "password-reset/<uidb64>/<token>/",
        auth.PasswordResetConfirmView.as_view(extra_context=SITE),
        name="password_reset_confirm",
    ),
    path(
        "password-reset/complete/",
        auth.PasswordResetCompleteView.as_view(extra_context=SITE),
        name="password_reset_complete",
    ),
]

CACHE_MAP: dict[str, CacheRow] = {}
