"""Where pull requests are found, and which of it is cached how."""

from django.urls import path

from apps.pulls import keys, thread_views, views
from storychain.cache.http import CacheRow

urlpatterns = [
    path(
        "stories/<str:slug>/chapters/<str:chapter_slug>/children",
        views.Children.as_view(),
        name="chapter-children",
    ),
    path("stories/<str:slug>/pulls", views.StoryPulls.as_view(), name="story-pulls"),
    path("pulls/mine", views.MyPulls.as_view(), name="pulls-mine"),
    path("pulls/<str:pull_id>", views.PullDetail.as_view(), name="pull-detail"),
    path("pulls/<str:pull_id>/merge", views.Merge.as_view(), name="pull-merge"),
    path("pulls/<str:pull_id>/close", views.Close.as_view(), name="pull-close"),
    path("pulls/<str:pull_id>/reopen", views.Reopen.as_view(), name="pull-reopen"),
    path("pulls/<str:pull_id>/labels", views.Labels.as_view(), name="pull-labels"),
    path("pulls/<str:pull_id>/reviews", thread_views.Reviews.as_view(), name="pull-reviews"),
    path(
        "pulls/<str:pull_id>/reviews/<str:review_id>",
        thread_views.ReviewDetail.as_view(),
        name="pull-review",
    ),
    path("pulls/<str:pull_id>/comments", thread_views.Comments.as_view(), name="pull-comments"),
    path(
        "pulls/<str:pull_id>/comments/<str:comment_id>",
        thread_views.CommentDetail.as_view(),
        name="pull-comment",
    ),
    path("pulls/<str:pull_id>/vote", thread_views.Vote.as_view(), name="pull-vote"),
    path("pulls/<str:pull_id>/timeline", thread_views.Timeline.as_view(), name="pull-timeline"),
]

CACHE_MAP = {
    "story-pulls": CacheRow(
        key=keys.pull_list,
        ttl="PULL_REQUEST",
        tags=("pulls", "user"),
        audience="reader",
        query=("status", "kind", "drafts", "limit", "cursor"),
    ),
    "pull-detail": CacheRow(
        key=keys.pull_detail, ttl="PULL_REQUEST", tags=("pr", "chapter", "user"), audience="reader"
    ),
}
