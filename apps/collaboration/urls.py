"""Where teams are found, and which of it is cached how."""

from django.urls import path

from apps.collaboration import keys, views
from storychain.cache.http import CacheRow

urlpatterns = [
    path("stories/<str:slug>/collaborators", views.Collaborators.as_view(), name="collaborators"),
    path(
        "stories/<str:slug>/collaborators/<str:user_id>",
        views.CollaboratorDetail.as_view(),
        name="collaborator-detail",
    ),
    path("stories/<str:slug>/my-role", views.MyRole.as_view(), name="my-role"),
    path(
        "stories/<str:slug>/invitations",
        views.StoryInvitations.as_view(),
        name="story-invitations",
    ),
    path("stories/<str:slug>/invitation/accept", views.Accept.as_view(), name="accept"),
    path("stories/<str:slug>/invitation/decline", views.Decline.as_view(), name="decline"),
    path("invitations", views.MyInvitations.as_view(), name="invitations"),
]

CACHE_MAP = {
    "collaborators": CacheRow(
        key=keys.collaborator_list,
        ttl="COLLABORATOR_LIST",
        tags=("story", "team", "user"),
        audience="reader",
    ),
    "my-role": CacheRow(
        key=keys.my_role,
        ttl="COLLABORATOR_ROLE",
        tags=("story", "standing", "platform-role"),
        audience="private",
    ),
}
