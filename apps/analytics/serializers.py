"""Wire shapes in: what a client may tell of what happened in it."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.analytics.limits import (
    AHEAD,
    DEEPEST,
    EVENTS,
    LONGEST_NAME,
    MOST_BYTES,
    MOST_EVENTS,
    OLDEST,
)
from apps.analytics.sheets import PARTS

PROPERTY = re.compile(rf"[^$.][^.]{{0,{LONGEST_NAME - 1}}}")
HOURS, MINUTES = OLDEST.total_seconds() / 3600, AHEAD.total_seconds() / 60


class MomentField(serializers.DateTimeField):
    """A time that says its zone, and is neither old nor ahead."""

    default_error_messages = {
        "invalid": "Write it as in 2026-01-31T12:00:00Z.",
        "naive": "Say the zone, as in 2026-01-31T12:00:00Z.",
        "old": f"It is more than {HOURS:.0f} hours ago.",
        "ahead": f"It is more than {MINUTES:.0f} minutes ahead.",
    }

    def enforce_timezone(self, value: datetime) -> datetime:
        """Return the time; refuse one without a zone, or out of reach."""
        if timezone.is_naive(value):
            self.fail("naive")
        now = timezone.now()
        if value < now - OLDEST:
            self.fail("old")
        if value > now + AHEAD:
            self.fail("ahead")
        return value


@extend_schema_field(OpenApiTypes.OBJECT)
class PropertiesField(serializers.Field[Any, Any, Any, Any]):
    """An object of plain values, small and flat enough to be looked at."""

    default_error_messages = {
        "object": "Send an object.",
        "name": "Name each property in 1 to {most} characters, without a dot or a leading $.",
        "deep": "Nest at most {most} deep.",
        "long": "Send at most {most} bytes.",
    }

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """Return the object as it was sent."""
        if not isinstance(data, dict):
            self.fail("object")
        for depth, names in _walk(data, 1):
            if depth > DEEPEST:
                self.fail("deep", most=DEEPEST)
            if not all(PROPERTY.fullmatch(name) for name in names):
                self.fail("name", most=LONGEST_NAME)
        if len(msgspec.json.encode(data)) > MOST_BYTES:
            self.fail("long", most=MOST_BYTES)
        return data


class EventInput(serializers.Serializer[Any]):
    """Something that happened."""

    event = serializers.ChoiceField(
        choices=EVENTS,
        error_messages={"invalid_choice": f"Name one of {', '.join(EVENTS)}."},
        help_text="What happened, as your client saw it: counted under this name, and in no "
        "story's reads, readers or trending score, which count heartbeats.",
    )
    timestamp = MomentField(
        required=False, help_text="When it happened; without it, when it was received."
    )
    properties = PropertiesField(
        required=False,
        help_text="What it was about; `story_slug` makes it count for a story, and `source` says "
        f"from where a `story_view` came. At most {MOST_BYTES:,} bytes.",
    )
    id = serializers.RegexField(
        r"^[A-Za-z0-9_-]{8,64}\Z",
        required=False,
        error_messages={"invalid": "Use 8 to 64 of A-Z a-z 0-9 _ -."},
        help_text="Your own name of it: sent again under the same one, it counts once.",
    )


class EventsInput(serializers.Serializer[Any]):
    """Events, in any order."""

    events = EventInput(many=True, allow_empty=False, max_length=MOST_EVENTS)


class ReportInput(serializers.Serializer[Any]):
    """Which of a story's figures are shown, and how."""

    days = serializers.IntegerField(min_value=1, max_value=90, default=30)
    format = serializers.ChoiceField(
        choices=["json", "csv"], default="json", help_text="As csv, one table: see `part`."
    )
    part = serializers.ChoiceField(
        choices=list(PARTS),
        default="days",
        help_text="Which table a csv is; JSON has them all. `forks` has a line a choice. What a "
        "spreadsheet would take for a formula has a ' before it.",
    )


def _walk(value: Any, depth: int) -> Iterator[tuple[int, list[str]]]:
    """Yield each object and list inside, with its depth and its names."""
    if isinstance(value, dict | list):
        yield depth, list(value) if isinstance(value, dict) else []
        if depth <= DEEPEST:
            for inner in value.values() if isinstance(value, dict) else value:
                yield from _walk(inner, depth + 1)
