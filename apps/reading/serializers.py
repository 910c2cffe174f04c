"""Wire shapes in: where somebody is reading, and what of his own side is asked."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.reading.limits import LONGEST_SESSION_ID, MOST_NAMED

SLUG_LENGTH = 80


@extend_schema_field(OpenApiTypes.STR)
class NamesField(serializers.Field[Any, Any, Any, Any]):
    """Slugs or ids with commas between, at most MOST_NAMED."""

    default_error_messages = {
        "many": f"Name at most {MOST_NAMED}, with commas between.",
        "long": f"No name is longer than {SLUG_LENGTH} characters.",
    }

    def to_internal_value(self, data: Any) -> list[str]:
        """Return the names, each once."""
        names = list(dict.fromkeys(name.strip() for name in str(data).split(",") if name.strip()))
        if len(names) > MOST_NAMED:
            self.fail("many")
        if any(len(name) > SLUG_LENGTH for name in names):
            self.fail("long")
        return names


class OverlayInput(serializers.Serializer[dict[str, Any]]):
    """What of the caller's side of a story is to be shown whole."""

    chapters = NamesField(
        required=False,
        help_text=f"Slugs of up to {MOST_NAMED} chapters, with commas between: `votes` and "
        "`bookmarks` are then all of those at these, however many there are in the story.",
    )
    comments = NamesField(
        required=False,
        help_text=f"Ids of up to {MOST_NAMED} comments, with commas between: as with `chapters`.",
    )


class HeartbeatInput(serializers.Serializer[dict[str, str]]):
    """The chapter that is open, and the tab in which it is: an id of the tab's own making."""

    story_slug = serializers.CharField(max_length=SLUG_LENGTH)
    chapter_slug = serializers.CharField(max_length=SLUG_LENGTH)
    session_id = serializers.CharField(max_length=LONGEST_SESSION_ID)
