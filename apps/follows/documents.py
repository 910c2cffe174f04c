"""What is stored of who follows whom or what, and every mutation of it."""

from __future__ import annotations

from datetime import datetime

from mongoengine import fields

from storychain.documents import Document, StringField

USER, STORY = KINDS = ("user", "story")


class Follow(Document):
    """Somebody follows a person or a story; its id is made of the two, so that he does so once."""

    follow_id = StringField(primary_key=True)
    follower_id = StringField(required=True)
    kind = StringField(required=True, choices=KINDS)
    following_id = StringField(required=True)
    followed_at = fields.DateTimeField(required=True)

    meta = {
        "collection": "follows",
        "indexes": [
            ["kind", "following_id", "-followed_at", "-follow_id"],
            ["kind", "following_id", "follower_id"],
            ["follower_id", "kind", "-followed_at", "-follow_id"],
        ],
    }

    @classmethod
    def find(cls, *, follower_id: str, kind: str, following_id: str) -> Follow | None:
        """Return whether and since when somebody follows this."""
        key = _key(follower_id, kind, following_id)
        found: Follow | None = cls.objects(follow_id=key).first()
        return found

    @classmethod
    def begin(cls, *, follower_id: str, kind: str, following_id: str, now: datetime) -> Follow:
        """Let somebody follow this who does not yet; return that he does."""
        begun = cls(
            follow_id=_key(follower_id, kind, following_id),
            follower_id=follower_id,
            kind=kind,
            following_id=following_id,
            followed_at=now,
        )
        begun.save()
        return begun


def _key(follower_id: str, kind: str, following_id: str) -> str:
    return f"{follower_id}/{kind}/{following_id}"
