"""Where chapters are found, and which of it is cached how."""

from django.urls import path

from apps.chapters import keys, views
from storychain.cache.http import CacheRow

urlpatterns = [
    path("stories/<str:slug>/tree", views.Tree.as_view(), name="story-tree"),
    path("stories/<str:slug>/chapters", views.Chapters.as_view(), name="chapters"),
    path(
        "stories/<str:slug>/chapters/<str:chapter_slug>",
        views.ChapterDetail.as_view(),
        name="chapter-detail",
    ),
    path(
        "stories/<str:slug>/chapters/<str:chapter_slug>/children",
        views.Children.as_view(),
        name="chapter-children",
    ),
]

CACHE_MAP = {
    "story-tree": CacheRow(
        key=keys.story_tree, ttl="STORY_TREE", tags=("story", "tree", "user"), audience="reader"
    ),
    "chapters": CacheRow(
        key=keys.chapter_list,
        ttl="STORY_TREE",
        tags=("story", "chapters", "user"),
        audience="reader",
        query=("limit", "cursor"),
    ),
    "chapter-detail": CacheRow(
        key=keys.chapter_detail,
        ttl="CHAPTER_DETAIL",
        tags=("story", "chapter", "user"),
        audience="reader",
    ),
}
