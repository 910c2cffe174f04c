"""Where stories are found, and which of it is cached how."""

from functools import partial

from django.urls import path

from apps.stories import keys, step_views, views
from storychain.cache.http import CacheRow

urlpatterns = [
    path("stories", views.Stories.as_view(), name="stories"),
    path("stories/new", views.NewStories.as_view(), name="stories-new"),
    path("stories/trending", views.TrendingStories.as_view(), name="stories-trending"),
    path("stories/featured", views.FeaturedStories.as_view(), name="stories-featured"),
    path("stories/my", views.MyStories.as_view(), name="stories-my"),
    path("stories/draft", views.MyDrafts.as_view(), name="stories-draft"),
    path("stories/<str:slug>", views.StoryDetail.as_view(), name="story-detail"),
    path("stories/<str:slug>/overview", views.Overview.as_view(), name="story-overview"),
    path("stories/<str:slug>/settings", views.Settings.as_view(), name="story-settings"),
    path("stories/<str:slug>/timeline", views.Timeline.as_view(), name="story-timeline"),
    path("stories/<str:slug>/publish", step_views.Publish.as_view(), name="story-publish"),
    path("stories/<str:slug>/archive", step_views.Archive.as_view(), name="story-archive"),
    path("stories/<str:slug>/unarchive", step_views.Unarchive.as_view(), name="story-unarchive"),
    path("users/<str:user_id>/stories", views.UserStories.as_view(), name="user-stories"),
]

PAGED = ("limit", "cursor")
CACHE_MAP = {
    "stories": CacheRow(
        key=partial(keys.story_list, "published"),
        ttl="STORY_LIST_PUBLISHED",
        tags=("lists", "user"),
        audience="public",
        query=("genre", "tag", "exclude", "rating", "sort", *PAGED),
    ),
    "stories-new": CacheRow(
        key=partial(keys.story_list, "new"),
        ttl="STORY_LIST_NEW",
        tags=("lists", "user"),
        audience="public",
        query=PAGED,
    ),
    "stories-trending": CacheRow(
        key=partial(keys.story_list, "trending"),
        ttl="STORY_LIST_TRENDING",
        tags=("trending", "story", "tree", "user"),
        audience="public",
        query=PAGED,
    ),
    "stories-featured": CacheRow(
        key=partial(keys.story_list, "featured"),
        ttl="STORY_LIST_FEATURED",
        tags=("lists", "user"),
        audience="public",
        query=PAGED,
    ),
    "stories-my": CacheRow(
        key=keys.my_stories,
        ttl="USER_STORIES",
        tags=("ustories", "user"),
        audience="private",
        query=("status", *PAGED),
    ),
    "stories-draft": CacheRow(
        key=keys.my_drafts,
        ttl="USER_DRAFTS",
        tags=("ustories", "user"),
        audience="private",
        query=PAGED,
    ),
    "story-detail": CacheRow(
        key=keys.story_detail,
        ttl="STORY_DETAIL",
        tags=("story", "tree", "counts", "user"),
        audience="reader",
    ),
    "story-overview": CacheRow(
        key=keys.story_overview,
        ttl="STORY_OVERVIEW",
        tags=("story", "tree", "counts", "team", "user"),
        audience="reader",
    ),
    "story-settings": CacheRow(
        key=keys.story_settings, ttl="STORY_SETTINGS", tags=("story",), audience="private"
    ),
    "user-stories": CacheRow(
        key=keys.user_stories,
        ttl="USER_STORIES",
        tags=("ustories", "user"),
        audience="public",
        query=PAGED,
    ),
}
