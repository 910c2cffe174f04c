"""Who works on a story, and who is banned from it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from mongoengine import fields

from apps.users.limits import REASON_LENGTH
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
            ["user_id", "status", "story_slug"],
            ["story_slug", "status", "user_id"],
        ],
    }

    def invite(self, *, role: str, by: str, now: datetime, until: datetime) -> None:
        """Ask this person in, anew if an earlier invitation has run out or came to nothing."""
        self.role, self.status, self.invited_by = role, "pending", by
        self.invited_at, self.expires_at, self.accepted_at = now, until, None
        self.save()

    def is_open(self, *, now: datetime) -> bool:
        """Tell whether this is an invitation that may still be answered."""
        return self.status == "pending" and (self.expires_at is None or self.expires_at > now)

    def answer(self, *, status: str, now: datetime) -> None:
        """Take the invited person's answer down."""
        self.status, self.expires_at = status, None
        if status == "accepted":
            self.accepted_at = now
        self.save()

    def change_role(self, role: str) -> None:
        """Give this person another part in the story."""
        self.role = role
        self.save()

    def end(self) -> None:
        """Take this person, or the invitation, out of the story; only a new one leads back in."""
        self.status, self.expires_at = "removed", None
        self.save()

    @classmethod
    def end_invitations(cls, *, story_slug: str, **found: Any) -> int:
        """End a story's invitations that are found so; return how many."""
        pending = cls.objects(story_slug=story_slug, status="pending", **found)
        return int(pending.update(set__status="removed", unset__expires_at=True))

    @classmethod
    def make_owner(cls, *, story_slug: str, user_id: str, now: datetime) -> None:
        """Record who owns a new story."""
        cls(
            story_slug=story_slug, user_id=user_id, role="owner", status="accepted", accepted_at=now
        ).save(force_insert=True)


class StoryBan(Document):
    """Somebody who may no longer see or touch a story.

    What was set `for_platform`, by somebody who looks after it, the story's team does not lift.
    """

    story_slug = StringField(required=True)
    user_id = StringField(required=True)
    reason = StringField(default="", max_length=REASON_LENGTH)
    banned_by = StringField(required=True)
    banned_at = fields.DateTimeField(required=True)
    for_platform = fields.BooleanField(default=False)

    meta = {
        "collection": "story_bans",
        "indexes": [
            {"fields": ["story_slug", "user_id"], "unique": True},
            "user_id",
            "banned_by",
        ],
    }

    @classmethod
    def find(cls, *, story_slug: str, user_id: str) -> StoryBan | None:
        """Return somebody's ban from a story, if he is banned from it."""
        found: StoryBan | None = cls.objects(story_slug=story_slug, user_id=user_id).first()
        return found

    @classmethod
    def impose(
        cls,
        *,
        story_slug: str,
        user_id: str,
        reason: str,
        by: str,
        now: datetime,
        for_platform: bool = False,
    ) -> None:
        """Ban somebody from a story; raise NotUniqueError if he is banned from it.

        The platform takes the ban over that the story's team has set.
        """
        who = {"story_slug": story_slug, "user_id": user_id}
        said = {"reason": reason, "banned_by": by, "banned_at": now, "for_platform": for_platform}
        teams = cls.objects(**who, for_platform__ne=True)
        if not (for_platform and teams.update(**{f"set__{name}": said[name] for name in said})):
            cls(**who, **said).save(force_insert=True)
