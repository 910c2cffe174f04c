"""What is stored of a notification, and every mutation of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from mongoengine import fields

from apps.notifications.kinds import KINDS
from apps.notifications.limits import MESSAGE_LENGTH, TITLE_LENGTH, URL_LENGTH
from storychain.documents import Document, EmbeddedDocument, StringField


class Growth(EmbeddedDocument):
    """How far a notification has grown that counts: from `since` to `total`, as of `counted_at`.

    `number` counts the notifications of a group, of which only the last grows, until it is read.
    What was counted until `told_until` the one before it has told; the first has none before it.
    """

    group = StringField(required=True)
    number = fields.IntField(required=True)
    since = fields.IntField(required=True)
    total = fields.IntField()  # older ones have none
    counted_at = fields.DateTimeField(required=True)
    told_until = fields.DateTimeField()


class Notification(Document):
    """Something that one person was told.

    `dedupe_key` names its cause and is unique: told again, it is the same notification. `related`
    are plain values by the names of kinds.py.
    """

    notification_id = StringField(primary_key=True, default=lambda: uuid4().hex)
    user_id = StringField(required=True)
    type = StringField(required=True, choices=tuple(KINDS))
    title = StringField(required=True, max_length=TITLE_LENGTH)
    message = StringField(required=True, max_length=MESSAGE_LENGTH)
    is_read = fields.BooleanField(default=False)
    read_at = fields.DateTimeField()
    action_url = StringField(max_length=URL_LENGTH)
    related = fields.DictField()
    dedupe_key = StringField(required=True)
    growth = fields.EmbeddedDocumentField(Growth)
    created_at = fields.DateTimeField(required=True)

    meta = {
        "collection": "notifications",
        "indexes": [
            {"fields": ["dedupe_key"], "unique": True},
            {"fields": ["growth.group", "-growth.number"], "sparse": True},
            ["user_id", "-created_at", "-notification_id"],
            ["user_id", "is_read", "-created_at", "-notification_id"],
            ["is_read", "created_at", "notification_id"],
        ],
    }

    @classmethod
    def keep(cls, **content: Any) -> Notification:
        """Store a notification; raise NotUniqueError if its cause has been told before."""
        kept = cls(**content)
        kept.save(force_insert=True)
        return kept

    @classmethod
    def find_last(cls, group: str) -> Notification | None:
        """Return the last notification of a group that counts."""
        found: Notification | None = (
            cls.objects(growth__group=group).order_by("-growth.number").first()
        )
        return found

    def grow(self, growth: Growth, *, now: datetime, **content: Any) -> None:
        """Tell more than it did, as if it had been told now."""
        for name, value in content.items():
            setattr(self, name, value)
        self.growth, self.created_at = growth, now
        self.save()

    @classmethod
    def keep_many(cls, user_ids: Iterable[str], *, cause: str, **content: Any) -> int:
        """Store the same for many people, but for those who have been told; return for how many.

        Raise NotUniqueError if somebody else tells one of them at this moment.
        """
        keys = {dedupe_key(cause, user_id): user_id for user_id in user_ids}
        told = set(cls.objects(dedupe_key__in=list(keys)).scalar("dedupe_key"))
        new = [
            cls(dedupe_key=key, user_id=user_id, **content)
            for key, user_id in keys.items()
            if key not in told
        ]
        if new:
            cls.objects.insert(new, load_bulk=False)
        return len(new)

    @classmethod
    def mark_read(cls, ids: Sequence[str], *, user_id: str, now: datetime) -> None:
        """Note that somebody has read these of his; what was read before keeps its time."""
        unread = cls.objects(notification_id__in=list(ids), user_id=user_id, is_read=False)
        unread.update(set__is_read=True, set__read_at=now)


class DigestRound(Document):
    """Until when the last digests of a period ("daily", "weekly") reach; there the next begin."""

    period = StringField(primary_key=True)
    until = fields.DateTimeField(required=True)

    meta = {"collection": "digest_rounds"}

    @classmethod
    def find_until(cls, period: str) -> datetime | None:
        """Return until when the last ones reach; None before the first."""
        last = cls.objects(period=period).first()
        return last.until if last else None

    @classmethod
    def close(cls, period: str, *, until: datetime) -> None:
        """Note that all digests until then are asked for."""
        cls(period=period, until=until).save()


def dedupe_key(cause: str, user_id: str) -> str:
    """Return under which key somebody is told of something: of one cause, once."""
    return f"notice:{cause}:{user_id}"
