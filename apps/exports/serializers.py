"""What a request for an export says."""

from typing import Any

from rest_framework import serializers

from apps.exports.rendering import FORMATS

CHOOSE = "Choose one of: {}.".format(", ".join(FORMATS))
LONGEST_PATH = 1000
LANGUAGE = r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$"


class ExportInput(serializers.Serializer[dict[str, Any]]):
    """A format; and either the whole tree, the path from the first chapter to one, or any path."""

    format = serializers.ChoiceField(
        choices=list(FORMATS),
        error_messages={"invalid_choice": f'"{{input}}" is not made. {CHOOSE}'},
    )
    chapter = serializers.CharField(
        required=False, max_length=80, help_text="The slug of the chapter that ends the path."
    )
    path = serializers.ListField(
        child=serializers.CharField(max_length=80),
        required=False,
        min_length=1,
        max_length=LONGEST_PATH,
        help_text="The slugs of a path's chapters, from the first on, as a reader may choose them.",
    )
    language = serializers.RegexField(
        LANGUAGE,
        required=False,
        max_length=35,
        help_text="A BCP 47 tag such as en or pt-BR; without it, by the letters alone.",
        error_messages={"invalid": "Use a BCP 47 tag such as en or pt-BR."},
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse two ways of saying which chapters."""
        if "chapter" in attrs and "path" in attrs:
            raise serializers.ValidationError({"path": ["Name a chapter or a path, not both."]})
        return attrs
