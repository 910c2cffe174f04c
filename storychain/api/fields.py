"""Kinds of input beyond those of REST framework."""

from datetime import UTC, datetime
from typing import Any

from django.utils.timezone import is_naive
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


class InstantField(serializers.DateTimeField):
    """A moment, with the time zone without which nobody knows when it is; returned in UTC."""

    default_error_messages = {"zone": "Say its time zone, as in 2031-05-06T12:00:00Z."}

    def enforce_timezone(self, value: datetime) -> datetime:
        """Return the moment in UTC; refuse one without a zone, or beyond any calendar in UTC."""
        if is_naive(value):
            self.fail("zone")
        try:
            return value.astimezone(UTC)
        except OverflowError:
            self.fail("overflow")
