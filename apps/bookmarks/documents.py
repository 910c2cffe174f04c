"""What is stored of a bookmark, and every mutation of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from mongoengine import fields

from apps.bookmarks.limits import NOTE_LENGTH, SHELVES
from storychain.documents import Document, StringField


class Bookmark(Document):
    """A chapter on somebody's shelf; its id is made of the two, so that there is one of each."""

    bookmark_id = StringField(primary_key=True)
    user_id = StringField(required=True)
    chapter_slug = StringField(required=True)
    story_slug = StringField(required=True)
    shelf = StringField(required=True, choices=SHELVES)
    note = StringField(default="", max_length=NOTE_LENGTH)
    created_at = fields.DateTimeField(required=True)
    updated_at = fields.DateTimeField(required=True)

    meta = {
        "collection": "bookmarks",
        "indexes": [
            ["user_id", "-created_at", "-bookmark_id"],
            ["user_id", "shelf", "-created_at", "-bookmark_id"],
            ["user_id", "story_slug", "-created_at", "-bookmark_id"],
        ],
    }

    @classmethod
    def find(cls, *, user_id: str, story_slug: str, chapter_slug: str) -> Bookmark | None:
        """Return somebody's bookmark at a chapter of this story, if he has one there."""
        found: Bookmark | None = cls.objects(
            bookmark_id=_key(user_id, chapter_slug), story_slug=story_slug
        ).first()
        return found

    @classmethod
    def list_at(
        cls, *, user_id: str, story_slug: str, chapter_slugs: Iterable[str]
    ) -> list[Bookmark]:
        """Return somebody's bookmarks at these chapters of a story; at most a hundred of them."""
        keys = [_key(user_id, slug) for slug in chapter_slugs]
        his = {"user_id": user_id, "story_slug": story_slug}
        return list(cls.objects(bookmark_id__in=keys, **his)) if keys else []

    @classmethod
    def begin(cls, *, user_id: str, story_slug: str, chapter_slug: str, now: datetime) -> Bookmark:
        """Return a new bookmark, unsaved and on no shelf yet."""
        return cls(
            bookmark_id=_key(user_id, chapter_slug),
            user_id=user_id,
            chapter_slug=chapter_slug,
            story_slug=story_slug,
            created_at=now,
        )

    def put(self, *, shelf: str, note: str, now: datetime) -> None:
        """Put it on a shelf, with this note in place of the one before."""
        self.shelf, self.note, self.updated_at = shelf, note, now
        self.save()


def _key(user_id: str, chapter_slug: str) -> str:
    return f"{user_id}/{chapter_slug}"
