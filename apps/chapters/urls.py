"""Where chapters are found, and which of it is cached how."""

from django.urls import path

from apps.chapters import draft_views, keys, link_views, version_views, views
from storychain.cache.http import CacheRow

urlpatterns = [
    path("stories/<str:slug>/tree", views.Tree.as_view(), name="story-tree"),
    path("stories/<str:slug>/feed.atom", views.Feed.as_view(), name="story-feed"),
    path("stories/<str:slug>/waiting", draft_views.Waiting.as_view(), name="story-waiting"),
    path("stories/<str:slug>/chapters", views.Chapters.as_view(), name="chapters"),
    path(
        "stories/<str:slug>/chapters/<str:chapter_slug>",
        views.ChapterDetail.as_view(),
        name="chapter-detail",
    ),
    path(
        "stories/<str:slug>/chapters/<str:chapter_slug>/publish",
        draft_views.Publication.as_view(),
        name="chapter-publish",
    ),
    path(
        "stories/<str:slug>/chapters/<str:chapter_slug>/links/<str:target>",
        link_views.Link.as_view(),
        name="chapter-link",
    ),
    path(
        "stories/<str:slug>/chapters/<str:chapter_slug>/versions",
        version_views.Versions.as_view(),
        name="chapter-versions",
    ),
    path(
        "stories/<str:slug>/chapters/<str:chapter_slug>/versions/<int:version>",
        version_views.VersionDetail.as_view(),
        name="chapter-version",
    ),
    path(
        "stories/<str:slug>/chapters/<str:chapter_slug>/diff",
        version_views.Diff.as_view(),
        name="chapter-diff",
    ),
    path(
        "stories/<str:slug>/chapters/<str:chapter_slug>/rollback",
        version_views.Rollback.as_view(),
        name="chapter-rollback",
    ),
]

PAGED = ("limit", "cursor")
OF_VERSIONS = {"ttl": "CHAPTER_DETAIL", "audience": "private"}
CACHE_MAP = {
    "story-tree": CacheRow(
        key=keys.story_tree, ttl="STORY_TREE", tags=("story", "tree", "user"), audience="reader"
    ),
    "story-feed": CacheRow(
        key=keys.story_feed,
        ttl="STORY_TREE",
        tags=("story", "chapters", "tree", "counts", "user"),
        audience="reader",
    ),
    "chapters": CacheRow(
        key=keys.chapter_list,
        ttl="STORY_TREE",
        tags=("story", "chapters", "user"),
        audience="reader",
        query=PAGED,
    ),
    "chapter-detail": CacheRow(
        key=keys.chapter_detail,
        ttl="CHAPTER_DETAIL",
        tags=("story", "chapter", "user"),
        audience="reader",
    ),
    "chapter-versions": CacheRow(
        key=keys.chapter_versions, tags=("story", "chapter", "user"), query=PAGED, **OF_VERSIONS
    ),
    "chapter-version": CacheRow(
        key=keys.chapter_version, tags=("story", "chapter", "user"), **OF_VERSIONS
    ),
    "chapter-diff": CacheRow(
        key=keys.chapter_diff, tags=("story", "chapter"), query=("from", "to"), **OF_VERSIONS
    ),
}
