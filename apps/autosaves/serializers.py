"""Wire shapes in: a draft may be anything that a chapter may become."""

from typing import Any

from rest_framework import serializers

from apps.chapters.limits import AUTOSAVE_KINDS, CONTENT_LENGTH
from storychain.api.fields import InstantField, LineField

SLUG_LENGTH = 80
PLACES = {"root_chapter": None, "new_chapter": "parent_slug", "update_chapter": "chapter_slug"}


class PlaceInput(serializers.Serializer[dict[str, str]]):
    """Where a draft stands: its story, and the chapter that it goes on from or edits."""

    story_slug = serializers.CharField(max_length=SLUG_LENGTH)
    kind = serializers.ChoiceField(choices=list(AUTOSAVE_KINDS))
    parent_slug = serializers.CharField(max_length=SLUG_LENGTH, required=False)
    chapter_slug = serializers.CharField(max_length=SLUG_LENGTH, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Hold the place to its kind: a new chapter has a parent, an edit its chapter."""
        wanted = PLACES[attrs["kind"]]
        faults = {
            name: [f"A {attrs['kind']} {'needs it' if name == wanted else 'has none'}."]
            for name in filter(None, PLACES.values())
            if (name in attrs) != (name == wanted)
        }
        if faults:
            raise serializers.ValidationError(faults)
        return attrs


class AutosaveInput(PlaceInput):
    """A draft's place and text; what is not named of the text stays as it is."""

    title = LineField(max_length=200, allow_blank=True, required=False)
    content = serializers.CharField(
        max_length=CONTENT_LENGTH[1], allow_blank=True, trim_whitespace=False, required=False
    )


class ListInput(serializers.Serializer[dict[str, str]]):
    """Which of the caller's drafts are listed."""

    story_slug = serializers.CharField(max_length=SLUG_LENGTH, required=False)


class ConvertInput(serializers.Serializer[dict[str, Any]]):
    """What a draft does not hold of the chapter that it becomes."""

    choice_text = LineField(max_length=300, required=False)
    is_ending = serializers.BooleanField(required=False)
    publish_at = InstantField(required=False, help_text="When it appears, if not at once.")
    reason = serializers.CharField(max_length=500, allow_blank=True, required=False)
