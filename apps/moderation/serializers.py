"""Wire shapes in: reports, bans, appeals and what is decided on them."""

from typing import Any

from rest_framework import serializers

from apps.moderation.limits import (
    APPEAL_LENGTH,
    DECISIONS,
    NOTE_LENGTH,
    REASONS,
    ROLES,
    STATEMENT_LENGTH,
    SUBJECTS,
)
from apps.users.limits import REASON_LENGTH

KEY_LENGTH = 128
UNREASONED = "UNDER_REVIEW"
NEEDED = "Say why, in 10 characters or more: those concerned are told."


class ReportInput(serializers.Serializer[dict[str, Any]]):
    """What somebody holds against what."""

    subject_type = serializers.ChoiceField(choices=SUBJECTS)
    subject_id = serializers.CharField(max_length=KEY_LENGTH)
    reason = serializers.ChoiceField(choices=REASONS)
    note = serializers.CharField(
        max_length=NOTE_LENGTH, allow_blank=True, required=False, default=""
    )


class DecisionInput(serializers.Serializer[dict[str, Any]]):
    """What is to become of a report, and why; to take it on needs no reasons."""

    outcome = serializers.ChoiceField(choices=DECISIONS)
    statement = serializers.CharField(
        min_length=STATEMENT_LENGTH[0], max_length=STATEMENT_LENGTH[1], required=False
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Ask for reasons where somebody is told of them."""
        if attrs["outcome"] != UNREASONED and "statement" not in attrs:
            raise serializers.ValidationError({"statement": [NEEDED]})
        return attrs


class BanInput(serializers.Serializer[dict[str, Any]]):
    """Why somebody is banned; he is told."""

    reason = serializers.CharField(min_length=STATEMENT_LENGTH[0], max_length=REASON_LENGTH)


class AppealInput(serializers.Serializer[dict[str, Any]]):
    """What a banned person has to say; without a story, against the platform's ban."""

    text = serializers.CharField(min_length=APPEAL_LENGTH[0], max_length=APPEAL_LENGTH[1])
    story_slug = serializers.CharField(max_length=80, required=False)


class VerdictInput(serializers.Serializer[dict[str, Any]]):
    """Whether an appeal is granted, and why."""

    is_granted = serializers.BooleanField()
    statement = serializers.CharField(
        min_length=STATEMENT_LENGTH[0], max_length=STATEMENT_LENGTH[1]
    )


class RoleInput(serializers.Serializer[dict[str, Any]]):
    """The role that somebody gets on the platform."""

    role = serializers.ChoiceField(choices=ROLES)


class QueueInput(serializers.Serializer[dict[str, Any]]):
    """Which of a queue is shown: what is to be decided, or what was."""

    open = serializers.BooleanField(required=False, default=True)


class ActsInput(serializers.Serializer[dict[str, Any]]):
    """Whose or which story's acts are shown: all, if neither is named; not both."""

    user_id = serializers.CharField(max_length=64, required=False)
    story_slug = serializers.CharField(max_length=80, required=False)
