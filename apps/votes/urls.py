"""Where votes are cast; nothing of it is cached."""

from django.urls import path

from apps.votes import views

urlpatterns = [
    path("stories/<str:slug>/vote", views.StoryVote.as_view(), name="story-vote"),
    path(
        "stories/<str:slug>/chapters/<str:chapter_slug>/vote",
        views.ChapterVote.as_view(),
        name="chapter-vote",
    ),
]
