"""Where files come in."""

from django.urls import path

from apps.imports import views

urlpatterns = [path("stories/import", views.Imports.as_view(), name="stories-import")]
