"""Wire shapes in: what a person may change of himself."""

from rest_framework import serializers

from apps.users.limits import BIO_LENGTH, DIGESTS, THEMES, USERNAME_LENGTH


class PreferencesInput(serializers.Serializer):
    """Any part of the preferences."""

    email_notifications = serializers.BooleanField(required=False)
    push_notifications = serializers.BooleanField(required=False)
    digest = serializers.ChoiceField(choices=DIGESTS, required=False)
    theme = serializers.ChoiceField(choices=THEMES, required=False)


class MeInput(serializers.Serializer):
    """Any part of one's own profile."""

    username = serializers.RegexField(
        r"^[a-z0-9_-]+$",
        min_length=USERNAME_LENGTH[0],
        max_length=USERNAME_LENGTH[1],
        required=False,
        error_messages={"invalid": "Use a-z, 0-9, - and _ only."},
    )
    bio = serializers.CharField(max_length=BIO_LENGTH, allow_blank=True, required=False)
    avatar_url = serializers.URLField(max_length=2000, allow_blank=True, required=False)
    preferences = PreferencesInput(required=False)
