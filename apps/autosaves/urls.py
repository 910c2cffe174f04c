"""Where drafts are found; none of them is cached."""

from django.urls import path

from apps.autosaves import views

urlpatterns = [
    path("autosaves", views.Autosaves.as_view(), name="autosaves"),
    path("autosaves/<str:autosave_id>", views.AutosaveDetail.as_view(), name="autosave-detail"),
    path("autosaves/<str:autosave_id>/convert", views.Convert.as_view(), name="autosave-convert"),
]
