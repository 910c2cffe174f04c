"""What is stored of a vote, and every mutation of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from mongoengine import fields

from apps.votes.limits import KINDS
from storychain.documents import Document, StringField


class Vote(Document):
    """One person's vote, for (1) or against (-1); `key` is the slug or id of what it is about.

    What is taken back is gone. `voted_at` is when he voted last.
    """

    vote_id = StringField(primary_key=True)
    user_id = StringField(required=True)
    kind = StringField(required=True, choices=KINDS)
    key = StringField(required=True)
    story_slug = StringField(required=True)
    value = fields.IntField(required=True, choices=(1, -1))
    voted_at = fields.DateTimeField(required=True)

    meta = {
        "collection": "votes",
        "indexes": [["user_id", "story_slug", "-voted_at", "-vote_id"], "voted_at"],
    }

    @classmethod
    def turn(
        cls, *, kind: str, key: str, story_slug: str, user_id: str, value: int, now: datetime
    ) -> tuple[int, int]:
        """Vote, or take back what is voted again; return the vote before and after, 0 for none.

        The write itself answers what was there, so that of two at once each sees the other's.
        """
        mine = cls.objects(vote_id=_name(kind, key, user_id))
        old = mine.modify(
            upsert=True,
            set__user_id=user_id,
            set__kind=kind,
            set__key=key,
            set__story_slug=story_slug,
            set__value=value,
            set__voted_at=now,
        )
        before = int(old.value) if old else 0
        if before != value:
            return before, value
        mine.delete()
        return before, 0

    @classmethod
    def list_on(
        cls, *, kind: str, keys: Iterable[str], user_id: str, story_slug: str
    ) -> list[Vote]:
        """Return what somebody voted on these things of a story; at most a hundred of them."""
        names = [_name(kind, key, user_id) for key in keys]
        # Whose they are is asked as well: a name is of parts that may hold its colon.
        his = {"user_id": user_id, "story_slug": story_slug}
        return list(cls.objects(vote_id__in=names, **his)) if names else []

    @classmethod
    def forget(cls, *, kind: str, key: str, most: int) -> int:
        """Delete up to `most` votes on something that is gone; return how many."""
        return int(cls.objects(vote_id__startswith=f"{kind}:{key}:").at_most(most).delete())

    @classmethod
    def count_since(cls, since: datetime) -> Counter[str]:
        """Return how many votes stand for or against stories and their chapters since then."""
        wanted = {"voted_at": {"$gte": since}, "kind": {"$in": ["story", "chapter"]}}
        group = {"_id": "$story_slug", "count": {"$sum": 1}}
        found = cls.objects.aggregate([{"$match": wanted}, {"$group": group}])
        return Counter({row["_id"]: row["count"] for row in found})


def _name(kind: str, key: str, user_id: str) -> str:
    return f"{kind}:{key}:{user_id}"
