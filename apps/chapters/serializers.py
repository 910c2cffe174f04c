"""Wire shapes in: what a caller may say in a chapter."""

from rest_framework import serializers

from apps.chapters.limits import CONTENT_LENGTH
from storychain.api.fields import LineField


class RootInput(serializers.Serializer):
    """The first chapter's text; no way leads to it."""

    title = LineField(min_length=1, max_length=200)
    content = serializers.CharField(
        min_length=CONTENT_LENGTH[0], max_length=CONTENT_LENGTH[1], trim_whitespace=False
    )
    is_ending = serializers.BooleanField(required=False)


class ChapterInput(RootInput):
    """A further chapter; `choice_text` labels the way to it and is its title if not given."""

    choice_text = LineField(max_length=300, required=False)


class ChapterEdit(RootInput):
    """An edit; `base_version` is the version that it was made on, so that none is overwritten."""

    base_version = serializers.IntegerField(min_value=1, required=False)
    reason = serializers.CharField(max_length=500, allow_blank=True, required=False)
