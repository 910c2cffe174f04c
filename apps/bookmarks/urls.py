"""Where bookmarks are found; none of them is cached."""

from django.urls import path

from apps.bookmarks import views

urlpatterns = [
    path("bookmarks", views.Bookmarks.as_view(), name="bookmarks"),
    path(
        "stories/<str:slug>/chapters/<str:chapter_slug>/bookmark",
        views.ChapterBookmark.as_view(),
        name="chapter-bookmark",
    ),
]
