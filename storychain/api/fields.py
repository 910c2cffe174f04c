"""Kinds of input beyond those of REST framework."""

from typing import Any

from rest_framework import serializers


class LineField(serializers.CharField):
    """A text of one line: what ends up in headings, file names, subjects and feeds."""

    default_error_messages = {"line": "Write it in one line."}

    def to_internal_value(self, data: Any) -> str:
        """Return the text; refuse it if any reader of Unicode would break the line in it."""
        text = str(super().to_internal_value(data))
        if len(text.splitlines()) > 1:
            self.fail("line")
        return text
