"""Wire shapes in: what a caller may say in a chapter."""

from typing import Any

from rest_framework import serializers

from apps.chapters.limits import CONTENT_LENGTH, MOST_VERSIONS
from storychain.api.fields import InstantField, LineField

APPEARS = (
    "When it appears, at most a year ahead; until then it is a draft that only its author and "
    "co-authors see."
)


class ContentField(serializers.CharField):
    """A chapter's text, as Markdown, taken as it is; blanks around it make it no longer."""

    def __init__(self, **options: Any) -> None:
        shortest, longest = CONTENT_LENGTH
        lengths = {"min_length": shortest, "max_length": longest}
        super().__init__(**{**lengths, "trim_whitespace": False, **options})

    def to_internal_value(self, data: Any) -> str:
        """Return the text; refuse one that says less than it must."""
        text = str(super().to_internal_value(data))
        if len(text.strip()) < CONTENT_LENGTH[0]:
            self.fail("min_length", min_length=CONTENT_LENGTH[0])
        return text


class RootInput(serializers.Serializer):
    """The first chapter's text; no way leads to it."""

    title = LineField(min_length=1, max_length=200)
    content = ContentField()
    is_ending = serializers.BooleanField(required=False)
    publish_at = InstantField(required=False, help_text=APPEARS)


class ChapterInput(RootInput):
    """A further chapter; `choice_text` labels the way to it and is its title if not given."""

    choice_text = LineField(max_length=300, required=False)


class LinkInput(serializers.Serializer):
    """What readers choose a link by."""

    text = LineField(min_length=1, max_length=300)


class DiffInput(serializers.Serializer):
    """Which versions are compared, `from` and `to`; 0 is the empty page before the first."""

    to = serializers.IntegerField(min_value=1, max_value=MOST_VERSIONS, required=False)

    def get_fields(self) -> dict[str, serializers.Field]:
        """Return the fields with the one that has a name of Python's own."""
        earlier = serializers.IntegerField(min_value=0, max_value=MOST_VERSIONS, required=False)
        return {"from": earlier, **super().get_fields()}


class RollbackInput(serializers.Serializer):
    """The version that a chapter goes back to, and why."""

    version = serializers.IntegerField(min_value=1, max_value=MOST_VERSIONS)
    reason = serializers.CharField(max_length=500, allow_blank=True, required=False)


class ChapterEdit(RootInput):
    """An edit; `base_version` is the version that it was made on, so that none is overwritten."""

    publish_at = InstantField(
        required=False,
        allow_null=True,
        help_text="When a draft appears by itself; null: not before it is published by request.",
    )
    choice_text = LineField(
        max_length=300,
        required=False,
        help_text="The label of the way to it, on its parent's page; no new version of the text.",
    )
    base_version = serializers.IntegerField(min_value=1, required=False)
    reason = serializers.CharField(max_length=500, allow_blank=True, required=False)
