"""Where follows are found; none of it is cached, as everybody's differ by the minute."""

from django.urls import path

from apps.follows import views

urlpatterns = [
    path("users/me/followed-stories", views.FollowedStories.as_view(), name="followed-stories"),
    path("users/<str:user_id>/follow", views.UserFollow.as_view(), name="user-follow"),
    path("users/<str:user_id>/followers", views.UserFollowers.as_view(), name="user-followers"),
    path("users/<str:user_id>/following", views.UserFollowing.as_view(), name="user-following"),
    path("stories/<str:slug>/follow", views.StoryFollow.as_view(), name="story-follow"),
    path("stories/<str:slug>/followers", views.StoryFollowers.as_view(), name="story-followers"),
]
