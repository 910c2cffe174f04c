"""Where a reader finds his own side of a story; none of it is cached."""

from django.urls import path

from apps.reading import views

urlpatterns = [path("stories/<str:slug>/me", views.Overlay.as_view(), name="story-me")]
