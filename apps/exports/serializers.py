"""What a request for an export says."""

from rest_framework import serializers

from apps.exports.rendering import FORMATS

CHOOSE = "Choose one of: {}.".format(", ".join(FORMATS))
LANGUAGE = r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$"


class ExportInput(serializers.Serializer[dict[str, str]]):
    """A format; and either the whole tree or, with a chapter, the path from the first to it."""

    format = serializers.ChoiceField(
        choices=list(FORMATS),
        error_messages={"invalid_choice": f'"{{input}}" is not made. {CHOOSE}'},
    )
    chapter = serializers.CharField(
        required=False, max_length=80, help_text="The slug of the chapter that ends the path."
    )
    language = serializers.RegexField(
        LANGUAGE,
        required=False,
        max_length=35,
        help_text="A BCP 47 tag such as en or pt-BR; without it, by the letters alone.",
        error_messages={"invalid": "Use a BCP 47 tag such as en or pt-BR."},
    )
