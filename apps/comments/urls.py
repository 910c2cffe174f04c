"""Where comments are found, and which of it is cached how."""

from django.urls import path

from apps.comments import keys, views
from storychain.cache.http import CacheRow

OF_CHAPTER = "stories/<str:slug>/chapters/<str:chapter_slug>/comments"
urlpatterns = [
    path(OF_CHAPTER, views.Comments.as_view(), name="chapter-comments"),
    path(f"{OF_CHAPTER}/lock", views.Lock.as_view(), name="comments-lock"),
    path("comments/<str:comment_id>", views.CommentDetail.as_view(), name="comment-detail"),
    path("comments/<str:comment_id>/vote", views.CommentVote.as_view(), name="comment-vote"),
]

CACHE_MAP = {
    "chapter-comments": CacheRow(
        key=keys.comment_list,
        ttl="COMMENT_LIST",
        tags=("story", "comments", "user"),
        audience="reader",
        query=("parent", "limit", "cursor"),
    ),
}
