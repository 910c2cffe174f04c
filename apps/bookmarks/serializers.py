"""Wire shapes in: how a bookmark is put, and which are listed."""

from rest_framework import serializers

from apps.bookmarks.limits import NOTE_LENGTH, SHELVES

SLUG_LENGTH = 80


class BookmarkInput(serializers.Serializer[dict[str, str]]):
    """A bookmark as a whole: its shelf, and the note, which is empty if none is sent."""

    shelf = serializers.ChoiceField(choices=SHELVES)
    note = serializers.CharField(
        max_length=NOTE_LENGTH, allow_blank=True, required=False, default=""
    )


class ListInput(serializers.Serializer[dict[str, str]]):
    """Which of the caller's bookmarks are listed."""

    shelf = serializers.ChoiceField(choices=SHELVES, required=False)
    story_slug = serializers.CharField(max_length=SLUG_LENGTH, required=False)
