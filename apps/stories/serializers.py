"""Wire shapes in: what a caller may say about a story."""

from rest_framework import serializers

from apps.stories.limits import DEEPEST, RATINGS
from storychain.api.fields import HttpsField, LineField

LABELS = {"max_length": 20, "required": False}


class SettingsInput(serializers.Serializer):
    """Any part of a story's settings; what is not named stays as it is."""

    is_public = serializers.BooleanField(required=False)
    allow_branching = serializers.BooleanField(required=False)
    require_approval = serializers.BooleanField(required=False)
    allow_comments = serializers.BooleanField(required=False)
    allow_voting = serializers.BooleanField(required=False)
    max_depth = serializers.IntegerField(min_value=1, max_value=DEEPEST, required=False)
    genres = serializers.ListField(child=LineField(max_length=40), **LABELS)
    content_rating = serializers.ChoiceField(choices=RATINGS, required=False)


class StoryInput(serializers.Serializer):
    """A story's texts and settings; PATCH takes any part of it, POST and PUT need the title."""

    title = LineField(min_length=3, max_length=200)
    description = serializers.CharField(max_length=2000, allow_blank=True, required=False)
    cover_image = HttpsField(required=False)
    tags = serializers.ListField(child=LineField(max_length=40), **LABELS)
    warnings = serializers.ListField(child=LineField(max_length=80), **LABELS)
    settings = SettingsInput(required=False)


class MyListInput(serializers.Serializer):
    """Which of the stories that the caller works on are listed."""

    status = serializers.ChoiceField(choices=["draft", "published", "archived"], required=False)


class ListInput(serializers.Serializer):
    """Which stories a list shows; only published ones are public."""

    status = serializers.ChoiceField(choices=["published"], required=False)
    genre = serializers.CharField(max_length=40, required=False)
    tag = serializers.CharField(max_length=40, required=False)
    exclude = serializers.CharField(max_length=40, required=False)
    rating = serializers.ChoiceField(choices=RATINGS, required=False)
    sort = serializers.ChoiceField(choices=["newest", "active"], required=False)
