"""Wire shapes in: which notifications are asked for."""

from rest_framework import serializers


class ListInput(serializers.Serializer):
    """Which of the caller's notifications a list shows."""

    unread = serializers.BooleanField(required=False, default=False)
