"""Wire shapes in: what is looked for."""

from typing import Any

from rest_framework import serializers

from apps.search.limits import KINDS, QUERY_LENGTH
from apps.search.words import tidy
from apps.stories.limits import RATINGS

SHORTEST, LONGEST = QUERY_LENGTH


class WordsField(serializers.CharField):
    """What somebody looks for: in NFC, without what stands around it."""

    def to_internal_value(self, data: Any) -> str:
        """Return the text in one line, as it is compared."""
        return " ".join(tidy(str(super().to_internal_value(data))).split())


class SearchInput(serializers.Serializer[Any]):
    """What is looked for, and among what; the choices of stories leave no users and tags."""

    q = WordsField(
        min_length=SHORTEST,
        max_length=LONGEST,
        help_text="Words; the last may be the beginning of one. All must be found.",
    )
    type = serializers.ChoiceField(choices=KINDS, required=False)
    genre = serializers.CharField(max_length=40, required=False)
    tag = serializers.CharField(max_length=40, required=False)
    exclude = serializers.CharField(max_length=40, required=False, help_text="A tag.")
    rating = serializers.ChoiceField(choices=RATINGS, required=False)
    status = serializers.ChoiceField(
        choices=["draft", "published", "archived"],
        required=False,
        help_text="Of the story; any but published are found only by those who work on it.",
    )
