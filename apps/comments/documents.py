"""What is stored of a comment, and every mutation of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import uuid4

from mongoengine import fields

from apps.comments.limits import TEXT_LENGTH
from apps.users.limits import ORPHAN_ID
from storychain.documents import Document, EmbeddedDocument, StringField


class CommentVotes(EmbeddedDocument):
    """Counted in sums."""

    up = fields.IntField(default=0)
    down = fields.IntField(default=0)
    score = fields.IntField(default=0)


class Comment(Document):
    """What somebody said below a chapter; `depth` counts from 0 how deep in its thread it stands.

    Deleted, it is gone, or an empty node as long as it has `replies`: nobody's, without its text.
    """

    comment_id = StringField(primary_key=True, default=lambda: uuid4().hex)
    story_slug = StringField(required=True)
    chapter_slug = StringField(required=True)
    parent_id = StringField()
    depth = fields.IntField(default=0)
    user_id = StringField()
    content = StringField(default="", max_length=TEXT_LENGTH)
    votes = fields.EmbeddedDocumentField(CommentVotes, default=CommentVotes)
    replies = fields.IntField(default=0)
    is_edited = fields.BooleanField(default=False)
    is_deleted = fields.BooleanField(default=False)
    created_at = fields.DateTimeField(required=True)
    edited_at = fields.DateTimeField()

    meta = {
        "collection": "comments",
        "indexes": [
            ["chapter_slug", "parent_id", "-created_at", "-comment_id"],
            {"fields": ["user_id"], "sparse": True},
        ],
    }

    @classmethod
    def find_standing(cls, comment_id: str) -> Comment | None:
        """Return a comment that is not deleted."""
        found: Comment | None = cls.objects(comment_id=comment_id, is_deleted=False).first()
        return found

    @classmethod
    def take_reply(cls, comment_id: str, *, chapter_slug: str) -> Comment | None:
        """Count a reply to a comment that stands below this chapter; return the comment."""
        found = cls.objects(comment_id=comment_id, chapter_slug=chapter_slug, is_deleted=False)
        counted: Comment | None = found.modify(inc__replies=1, new=True)
        return counted

    @classmethod
    def count(cls, comment_id: str, *, counts: Mapping[str, int]) -> None:
        """Add to what is counted of a comment, by names such as `votes__up`."""
        cls.objects(comment_id=comment_id).update_one(
            **{f"inc__{name}": n for name, n in counts.items()}
        )

    def edit(self, *, content: str, now: datetime) -> None:
        """Say it in other words."""
        if content != self.content:
            self.content, self.is_edited, self.edited_at = content, True, now
            self.save()

    @classmethod
    def take_out(cls, comment_id: str) -> list[str] | None:
        """Delete a comment that stands; return the ids of those that are gone, None if it did not.

        What is empty and has no replies goes, and so does what is left empty above it.
        """
        stands = cls.objects(comment_id=comment_id, is_deleted=False)
        empty = {"set__content": "", "unset__user_id": 1, "unset__edited_at": 1}
        node = stands.modify(set__is_deleted=True, set__is_edited=False, **empty, new=True)
        if node is None:
            return None
        gone = []
        while node and node.is_deleted and not node.replies:
            node.delete()
            gone.append(str(node.comment_id))
            above = cls.objects(comment_id=node.parent_id or "")
            node = above.modify(dec__replies=1, new=True)
        return gone

    @classmethod
    def clear(cls, chapter_slug: str, *, most: int) -> list[str]:
        """Delete up to `most` comments below a chapter that is gone; return their ids."""
        here = cls.objects(chapter_slug=chapter_slug).only("comment_id").limit(most)
        ids = [row.comment_id for row in here]
        if ids:
            cls.objects(comment_id__in=ids).delete()
        return ids

    @classmethod
    def orphan(cls, user_id: str, *, most: int) -> int:
        """Leave up to `most` comments of somebody who is gone to the orphan; return how many."""
        return int(cls.objects(user_id=user_id).at_most(most).update(set__user_id=ORPHAN_ID))
