"""Where exports are found; none of it is cached."""

from django.urls import path

from apps.exports import views
from storychain.cache.http import CacheRow

urlpatterns = [
    path("stories/<str:slug>/exports", views.StoryExports.as_view(), name="story-exports"),
    path("exports", views.Exports.as_view(), name="exports"),
    path("exports/<str:export_id>", views.ExportDetail.as_view(), name="export-detail"),
    path("exports/<str:export_id>/file", views.ExportFile.as_view(), name="export-file"),
]

CACHE_MAP: dict[str, CacheRow] = {}
