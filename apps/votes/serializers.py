"""Wire shapes in: a vote."""

from rest_framework import serializers


class VoteInput(serializers.Serializer):
    """For (1) or against (-1)."""

    value = serializers.ChoiceField(choices=[1, -1])
