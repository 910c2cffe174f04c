"""Wire shapes in: whom somebody asks into a story, and as what."""

from typing import Any

from rest_framework import serializers

from apps.collaboration.limits import ROLES

WHO = "Name the person, by user_id or by username, not by both."


class RoleInput(serializers.Serializer[dict[str, str]]):
    """The part that somebody gets."""

    role = serializers.ChoiceField(
        choices=list(ROLES),
        error_messages={
            "invalid_choice": f'"{{input}}" cannot be given. Choose one of: {", ".join(ROLES)}.'
        },
    )


class InvitationInput(RoleInput):
    """Whom to invite, by id or by name, and as what."""

    user_id = serializers.CharField(max_length=128, required=False)
    username = serializers.CharField(max_length=30, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse none and two."""
        if ("user_id" in attrs) == ("username" in attrs):
            raise serializers.ValidationError({"user_id": [WHO]})
        return attrs
