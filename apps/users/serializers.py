"""Wire shapes in: what a person may change of himself."""

from typing import Any

from rest_framework import serializers

from apps.users.limits import BIO_LENGTH, DIGESTS, RESERVED_NAMES, THEMES, USERNAME_LENGTH
from storychain.api.fields import HttpsField


class PreferencesInput(serializers.Serializer):
    """Any part of the preferences."""

    email_notifications = serializers.BooleanField(required=False)
    push_notifications = serializers.BooleanField(required=False)
    digest = serializers.ChoiceField(choices=DIGESTS, required=False)
    theme = serializers.ChoiceField(choices=THEMES, required=False)


class UsernameField(serializers.RegexField):
    """A name that no other member has; capitals are written small."""

    default_error_messages = {
        "invalid": "Use letters and digits of English, - and _, beginning with none of these two.",
        "reserved": "This name is kept for those who look after StoryChain.",
    }

    def __init__(self, **options: Any) -> None:
        lengths = {"min_length": USERNAME_LENGTH[0], "max_length": USERNAME_LENGTH[1]}
        super().__init__(r"^[A-Za-z0-9][A-Za-z0-9_-]*\Z", **{**lengths, **options})

    def to_internal_value(self, data: Any) -> str:
        """Return the name in small letters; refuse one that is kept for staff."""
        name = str(super().to_internal_value(data))
        self.run_validators(name)
        if name.lower() in RESERVED_NAMES:
            self.fail("reserved")
        return name.lower()


class MeInput(serializers.Serializer):
    """Any part of one's own profile."""

    username = UsernameField(required=False)
    bio = serializers.CharField(max_length=BIO_LENGTH, allow_blank=True, required=False)
    avatar_url = HttpsField(required=False)
    preferences = PreferencesInput(required=False)
