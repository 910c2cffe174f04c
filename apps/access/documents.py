"""Who works on a story, and who is banned from it."""

from datetime import datetime

from mongoengine import fields

from storychain.documents import Document, StringField

ROLES = ("contributor", "reviewer", "moderator", "co_author", "owner")
STATUSES = ("pending", "accepted", "declined", "removed")


class Collaborator(Document):
    """One person's part in one story; at most one row for the two, whatever its status."""

    story_slug = StringField(required=True)
    user_id = StringField(required=True)
    role = StringField(required=True, choices=ROLES)
    status = StringField(required=True, choices=STATUSES, default="pending")
    invited_by = StringField()
    invited_at = fields.DateTimeField()
    accepted_at = fields.DateTimeField()
    expires_at = fields.DateTimeField()

    meta = {
        "collection": "collaborators",
        "indexes": [
            {"fields": ["story_slug", "user_id"], "unique": True},
            ["user_id", "status"],
        ],
    }

    @classmethod
    def make_owner(cls, *, story_slug: str, user_id: str, now: datetime) -> None:
        """Record who owns a new story."""
        cls(
            story_slug=story_slug, user_id=user_id, role="owner", status="accepted", accepted_at=now
        ).save(force_insert=True)


class StoryBan(Document):
    """Somebody who may no longer see or touch a story."""

    story_slug = StringField(required=True)
    user_id = StringField(required=True)
    reason = StringField(default="")
    banned_by = StringField(required=True)
    banned_at = fields.DateTimeField(required=True)

    meta = {
        "collection": "story_bans",
        "indexes": [{"fields": ["story_slug", "user_id"], "unique": True}],
    }
