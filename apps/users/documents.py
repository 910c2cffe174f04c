"""What is stored of a person. A user's id is the Clerk id, everywhere."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime

from mongoengine import fields

from apps.users.growth import Badge, badges_of, level_of, points_of
from apps.users.limits import (
    BIO_LENGTH,
    DIGESTS,
    EMAIL_LENGTH,
    REASON_LENGTH,
    SESSION_STATUSES,
    THEMES,
    USERNAME_LENGTH,
)
from storychain.documents import Document, EmbeddedDocument, StringField


class UserStats(EmbeddedDocument):
    """What a person has done so far; only ever counted up and down in place.

    Of `chapters_written`, `chapters_imported` came from a file.
    """

    stories_created = fields.IntField(default=0)
    stories_published = fields.IntField(default=0)
    chapters_written = fields.IntField(default=0)
    chapters_imported = fields.IntField(default=0)
    pulls_merged = fields.IntField(default=0)
    total_upvotes = fields.IntField(default=0)
    total_downvotes = fields.IntField(default=0)
    branches_created = fields.IntField(default=0)
    followers = fields.IntField(default=0)
    following = fields.IntField(default=0)


class Preferences(EmbeddedDocument):
    """What a person chose for mail, pushes and looks."""

    email_notifications = fields.BooleanField(default=True)
    push_notifications = fields.BooleanField(default=True)
    digest = StringField(default="weekly", choices=DIGESTS)
    theme = StringField(default="system", choices=THEMES)


class ClerkSaid(EmbeddedDocument):
    """What Clerk said last, to tell what has changed there since."""

    username = StringField()
    avatar_url = StringField(default="")
    updated_at = fields.DateTimeField(required=True)


class User(Document):
    """A member. `username` is stored lower-case, so that no two differ by case alone.

    With `deleted_at` it is a tombstone: it holds nothing of him but his id, so that neither a token
    nor a late webhook brings him back.
    """

    clerk_id = StringField(primary_key=True, max_length=64)
    username = StringField(
        required=True, min_length=USERNAME_LENGTH[0], max_length=USERNAME_LENGTH[1]
    )
    email = StringField(max_length=EMAIL_LENGTH)
    bio = StringField(default="", max_length=BIO_LENGTH)
    avatar_url = StringField(default="", max_length=2000)
    xp = fields.IntField(default=0)
    level = fields.IntField(default=1)
    badges = fields.ListField(StringField())
    stats = fields.EmbeddedDocumentField(UserStats, default=UserStats)
    preferences = fields.EmbeddedDocumentField(Preferences, default=Preferences)
    is_active = fields.BooleanField(default=True)
    email_verified = fields.BooleanField(default=False)
    created_at = fields.DateTimeField(required=True)
    last_active_at = fields.DateTimeField()
    clerk = fields.EmbeddedDocumentField(ClerkSaid)
    deleted_at = fields.DateTimeField()

    meta = {
        "collection": "users",
        "indexes": [
            {"fields": ["username"], "unique": True},
            {"fields": ["email"], "unique": True, "sparse": True},
            ["preferences.digest", "clerk_id"],
        ],
    }

    @classmethod
    def count_work(cls, *, user_id: str, counted: Mapping[str, int]) -> list[Badge]:
        """Add to what a person has done, by the names of UserStats; return his new badges.

        It also makes two creations of one person take turns.
        """
        more = {f"inc__stats__{name}": n for name, n in counted.items()}
        user = cls.objects(clerk_id=user_id, deleted_at=None).modify(
            **more, inc__xp=points_of(counted), new=True
        )
        return user.grow() if user else []

    def grow(self) -> list[Badge]:
        """Take the level and the badges that what is counted comes to; return the new badges."""
        reached = [badge for badge in badges_of(self._counted()) if badge.name not in self.badges]
        if reached or self.level != level_of(self.xp):
            self.level = level_of(self.xp)
            self.badges = [*self.badges, *(badge.name for badge in reached)]
            self.save()
        return reached

    def recount(self, counted: Mapping[str, int]) -> list[Badge]:
        """Replace what is counted, and the points with it; return the new badges."""
        for name, n in counted.items():
            self.stats[name] = n
        self.xp = points_of(self._counted())
        self.save()
        return self.grow()

    def is_grown(self) -> bool:
        """Tell whether points, level and badges are what the counts come to."""
        missing = {badge.name for badge in badges_of(self._counted())} - set(self.badges)
        return (self.xp, self.level) == (
            points_of(self._counted()),
            level_of(self.xp),
        ) and not missing

    def _counted(self) -> dict[str, int]:
        return {name: self.stats[name] for name in UserStats._fields}

    @classmethod
    def count_follows(cls, *, user_id: str, counts: Mapping[str, int]) -> None:
        """Add to how many follow a person, and how many he follows."""
        more = {f"inc__stats__{name}": n for name, n in counts.items()}
        cls.objects(clerk_id=user_id, deleted_at=None).update_one(**more)

    @classmethod
    def prefer(cls, *, user_id: str, preferences: Mapping[str, object]) -> bool:
        """Set these preferences in place; tell whether there is such a person."""
        changes = {f"set__preferences__{name}": value for name, value in preferences.items()}
        return bool(cls.objects(clerk_id=user_id).update_one(**changes))

    def revise(self, *, changes: dict[str, object], now: datetime) -> None:
        """Take over the given profile fields; preferences are merged, never replaced."""
        for name, value in dict(changes.pop("preferences", {})).items():  # type: ignore[call-overload]
            setattr(self.preferences, name, value)
        for name, value in changes.items():
            setattr(self, name, value)
        self.last_active_at = now
        self.save()

    def lose_address(self) -> None:
        """Leave this address to somebody who has proved that it is his."""
        self.email, self.email_verified = None, False
        self.save()

    def bury(self, *, now: datetime) -> None:
        """Forget everything about this person but the id, and free his name and address."""
        self.username = f"deleted-{secrets.token_hex(8)}"
        self.email = self.clerk = self.last_active_at = None
        self.bio = self.avatar_url = ""
        self.xp, self.level, self.badges, self.stats = 0, 1, [], UserStats()
        self.preferences = Preferences(
            email_notifications=False, push_notifications=False, digest="never"
        )
        self.is_active = self.email_verified = False
        self.created_at = self.deleted_at = now
        self.save()


class Session(Document):
    """One sign-in of somebody, as Clerk tells of it; `expire_at` is when it ends by itself."""

    session_id = StringField(primary_key=True, max_length=128)
    user_id = StringField(required=True, max_length=128)
    client_id = StringField(default="", max_length=128)
    status = StringField(default="active", choices=SESSION_STATUSES)
    ip = StringField(default="", max_length=45)
    user_agent = StringField(default="", max_length=500)
    created_at = fields.DateTimeField(required=True)
    last_active_at = fields.DateTimeField(required=True)
    expire_at = fields.DateTimeField(required=True)

    meta = {
        "collection": "sessions",
        "indexes": [
            ["user_id", "-created_at", "-session_id"],
            ["status", "last_active_at", "session_id"],
            ["expire_at", "session_id"],
        ],
    }

    @classmethod
    def tell(cls, *, session_id: str, status: str, **facts: object) -> None:
        """Take over what Clerk says of a session; one that is over stays as it is."""
        row = cls.objects(session_id=session_id).first() or cls(session_id=session_id)
        if row.status == "active":
            for name, value in {**facts, "status": status}.items():
                setattr(row, name, value)
            row.save()

    @classmethod
    def begin(cls, *, session_id: str, user_id: str, now: datetime, expire_at: datetime) -> None:
        """Keep a session of which only a token is known; raise NotUniqueError if it is kept."""
        cls(
            session_id=session_id,
            user_id=user_id,
            created_at=now,
            last_active_at=now,
            expire_at=expire_at,
        ).save(force_insert=True)

    @classmethod
    def touch(cls, *, session_id: str, before: datetime, now: datetime) -> bool:
        """Note that a session that holds is used, unless it was noted after `before`."""
        quiet = cls.objects(session_id=session_id, status="active", last_active_at__lt=before)
        return bool(quiet.update_one(set__last_active_at=now))


class Webhook(Document):
    """A webhook of Clerk's that was carried out: the same again changes nothing."""

    webhook_id = StringField(primary_key=True, max_length=128)
    expire_at = fields.DateTimeField(required=True)

    meta = {
        "collection": "clerk_webhooks",
        "indexes": [{"fields": ["expire_at"], "expireAfterSeconds": 0}],
    }


class PlatformRole(Document):
    """Who looks after the whole platform; staff of Django's admin are somebody else."""

    user_id = StringField(primary_key=True, max_length=64)
    role = StringField(
        required=True, choices=("SUPER_ADMIN", "PLATFORM_MODERATOR", "APPEAL_MODERATOR")
    )
    assigned_by = StringField()
    assigned_at = fields.DateTimeField(required=True)

    meta = {
        "collection": "platform_roles",
        # "Exactly one" SUPER_ADMIN: the partial index refuses a second.
        "indexes": [
            {"fields": ["assigned_by"], "sparse": True},
            {
                "fields": ["role"],
                "unique": True,
                "partialFilterExpression": {"role": "SUPER_ADMIN"},
            },
        ],
    }

    @classmethod
    def assign(cls, *, user_id: str, role: str, by: str, now: datetime) -> None:
        """Give somebody a role in the place of the one that he has; one is a super admin alone."""
        row = cls.objects(user_id=user_id).first() or cls(user_id=user_id)
        row.role, row.assigned_by, row.assigned_at = role, by, now
        row.save()

    @classmethod
    def list_all(cls) -> list[PlatformRole]:
        """Return all who look after the platform; they are few."""
        return list(cls.objects(user_id__gt="").order_by("user_id"))


class PlatformBan(Document):
    """Somebody who may do nothing here but appeal."""

    user_id = StringField(primary_key=True, max_length=64)
    reason = StringField(required=True, max_length=REASON_LENGTH)
    banned_by = StringField(required=True)
    banned_at = fields.DateTimeField(required=True)

    meta = {"collection": "platform_bans", "indexes": [["-banned_at", "-user_id"], "banned_by"]}

    @classmethod
    def find(cls, user_id: str) -> PlatformBan | None:
        """Return somebody's ban, if he is banned."""
        found: PlatformBan | None = cls.objects(user_id=user_id).first()
        return found

    @classmethod
    def impose(cls, *, user_id: str, reason: str, by: str, now: datetime) -> None:
        """Ban somebody; raise NotUniqueError if he is banned."""
        cls(user_id=user_id, reason=reason, banned_by=by, banned_at=now).save(force_insert=True)
