"""Wire shapes in: where somebody is reading."""

from rest_framework import serializers

from apps.reading.limits import LONGEST_SESSION_ID

SLUG_LENGTH = 80


class HeartbeatInput(serializers.Serializer[dict[str, str]]):
    """The chapter that is open, and the tab in which it is: an id of the tab's own making."""

    story_slug = serializers.CharField(max_length=SLUG_LENGTH)
    chapter_slug = serializers.CharField(max_length=SLUG_LENGTH)
    session_id = serializers.CharField(max_length=LONGEST_SESSION_ID)
