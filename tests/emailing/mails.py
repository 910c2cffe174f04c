"""Mails to be sent in tests."""

from typing import Any

WELCOME: dict[str, Any] = {
    "subject": "Welcome",
    "template": "welcome",
    "context": {"username": "ada", "start_url": "https://example.org/"},
}
INVITATION: dict[str, Any] = {
    "subject": "Come and write",
    "template": "collaboration-invite",
    "context": {
        "inviter": "Bob",
        "story_title": "The lamp",
        "role": "co-author",
        "invitation_url": "https://example.org/invitation",
    },
}
RUN_OUT: dict[str, Any] = {
    **INVITATION,
    "context": {**INVITATION["context"], "expires_at": "2026-01-01T00:00:00Z"},
}
DIGEST: dict[str, Any] = {
    "subject": "Your week",
    "template": "notification-digest",
    "context": {"username": "ada", "period": "weekly", "items": [{"title": "A new chapter"}]},
}
