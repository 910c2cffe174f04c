"""What people leave on a pull request: reviews, comments, votes; and its timeline."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from mongoengine import fields

from apps.pulls.limits import TEXT_LENGTH, VERDICTS
from apps.users.limits import ORPHAN_ID
from storychain.documents import Document, StringField


class Review(Document):
    """What one reviewer says of one pull request; his next review takes its place.

    It counts for the text of `text_version`; `is_binding` if he may approve, until it is decided.
    Where its summary was taken away, `is_withheld`, the verdict still stands.
    """

    review_id = StringField(primary_key=True)
    pull_id = StringField(required=True)
    reviewer_id = StringField(required=True)
    verdict = StringField(required=True, choices=VERDICTS)
    summary = StringField(default="", max_length=TEXT_LENGTH)
    is_withheld = fields.BooleanField(default=False)
    is_binding = fields.BooleanField(required=True)
    text_version = fields.IntField(required=True)
    reviewed_at = fields.DateTimeField(required=True)

    meta = {
        "collection": "pull_reviews",
        "indexes": [["pull_id", "-reviewed_at", "-review_id"], "reviewer_id"],
    }

    @classmethod
    def put(cls, *, pull_id: str, reviewer_id: str, **said: Any) -> Review:
        """Store a review in the place of the reviewer's earlier one."""
        review_id = f"{pull_id}:{reviewer_id}"
        review = cls.objects(review_id=review_id).first() or cls(
            review_id=review_id, pull_id=pull_id, reviewer_id=reviewer_id
        )
        for name, value in {**said, "is_withheld": False}.items():
            setattr(review, name, value)
        review.save()
        return review

    @classmethod
    def find_saying(cls, review_id: str) -> Review | None:
        """Return a review that says something beside its verdict."""
        found: Review | None = cls.objects(review_id=review_id, summary__gt="").first()
        return found

    def withhold(self) -> None:
        """Take its summary away, and leave its verdict."""
        self.summary, self.is_withheld = "", True
        self.save()

    def bind(self, *, is_binding: bool) -> None:
        """Note whether its reviewer may approve, as that is now."""
        if self.is_binding != is_binding:
            self.is_binding = is_binding
            self.save()

    def approves(self, text_version: int) -> bool:
        """Tell whether it is an approval of this text that counts."""
        return bool(
            self.verdict == "approve" and self.is_binding and self.text_version == text_version
        )


class PullComment(Document):
    """One thing said about a pull request; `number` counts them, `depth` from 0 is its level.

    Deleted, it keeps its number and its place in the thread: nobody's, without its text.
    """

    comment_id = StringField(primary_key=True, default=lambda: uuid4().hex)
    pull_id = StringField(required=True)
    number = fields.IntField(required=True)
    user_id = StringField()
    parent_id = StringField()
    depth = fields.IntField(default=0)
    content = StringField(default="", max_length=TEXT_LENGTH)
    is_deleted = fields.BooleanField(default=False)
    created_at = fields.DateTimeField(required=True)

    meta = {
        "collection": "pull_comments",
        "indexes": [{"fields": ["pull_id", "number"], "unique": True}, "user_id"],
    }

    @classmethod
    def find_standing(cls, comment_id: str) -> PullComment | None:
        """Return a comment that is not deleted."""
        found: PullComment | None = cls.objects(comment_id=comment_id, is_deleted__ne=True).first()
        return found

    def empty(self) -> None:
        """Delete it, but for its place."""
        self.user_id, self.content, self.is_deleted = None, "", True
        self.save()

    @classmethod
    def orphan(cls, user_id: str, *, most: int) -> int:
        """Leave up to `most` comments of somebody who is gone to the orphan; return how many."""
        return int(cls.objects(user_id=user_id).at_most(most).update(set__user_id=ORPHAN_ID))


class PullVote(Document):
    """One person's vote, +1 or -1, for or against the text of `text_version`."""

    vote_id = StringField(primary_key=True)
    pull_id = StringField(required=True)
    user_id = StringField(required=True)
    value = fields.IntField(required=True, choices=(1, 0, -1))
    text_version = fields.IntField(required=True)

    meta = {"collection": "pull_votes", "indexes": ["user_id"]}

    @classmethod
    def find_value(cls, *, pull_id: str, text_version: int, user_id: str) -> int:
        """Return somebody's vote for this text; 0 if he has none."""
        vote = cls.objects(vote_id=f"{pull_id}:{user_id}", text_version=text_version).first()
        return int(vote.value) if vote else 0

    @classmethod
    def turn(cls, *, pull_id: str, text_version: int, user_id: str, value: int) -> tuple[int, int]:
        """Vote, or take back what is voted again; return the vote before and after."""
        before = cls.find_value(pull_id=pull_id, text_version=text_version, user_id=user_id)
        after = 0 if before == value else value
        cls.objects(vote_id=f"{pull_id}:{user_id}").modify(
            upsert=True,
            set__pull_id=pull_id,
            set__user_id=user_id,
            set__value=after,
            set__text_version=text_version,
        )
        return before, after


class PullEvent(Document):
    """One entry of a pull request's timeline; it is added and never changed but for who is gone."""

    pull_id = StringField(required=True)
    number = fields.IntField(required=True)
    kind = StringField(required=True)
    actor_id = StringField()
    details = fields.DictField()
    at = fields.DateTimeField(required=True)

    meta = {
        "collection": "pull_events",
        "indexes": [{"fields": ["pull_id", "number"], "unique": True}, "actor_id"],
    }

    @classmethod
    def orphan(cls, user_id: str, *, most: int) -> int:
        """Put the orphan in somebody's place in up to `most` entries; return in how many."""
        return int(cls.objects(actor_id=user_id).at_most(most).update(set__actor_id=ORPHAN_ID))
