"""Kinds of input beyond those of REST framework."""

from typing import Any

from rest_framework import serializers


class HttpsField(serializers.URLField):
    """The address of a picture or page that a browser may load beside ours; it may be empty."""

    default_error_messages = {"https": "Use an address that begins with https://."}

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"max_length": 2000, "allow_blank": True, **options})

    def to_internal_value(self, data: Any) -> str:
        """Return the address; refuse any other scheme."""
        url = str(super().to_internal_value(data))
        if url and not url.startswith("https://"):
            self.fail("https")
        return url


class LineField(serializers.CharField):
    """A text of one line: what ends up in headings, file names, subjects and feeds."""

    default_error_messages = {"line": "Write it in one line."}

    def to_internal_value(self, data: Any) -> str:
        """Return the text; refuse it if any reader of Unicode would break the line in it."""
        text = str(super().to_internal_value(data))
        if len(text.splitlines()) > 1:
            self.fail("line")
        return text
