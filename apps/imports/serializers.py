"""What an import may be told beside the file itself."""

from rest_framework import serializers

from apps.imports.limits import LONGEST_TITLE, SHORTEST_TITLE
from apps.imports.reading import PARSERS
from storychain.api.fields import LineField


class ImportInput(serializers.Serializer):
    """The query parameters of an import."""

    format = serializers.ChoiceField(choices=["auto", *PARSERS], required=False)
    title = LineField(min_length=SHORTEST_TITLE, max_length=LONGEST_TITLE, required=False)
