"""What is stored of texts that nobody has published yet."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import uuid4

from mongoengine import fields

from apps.chapters.limits import AUTOSAVE_KINDS
from storychain.documents import Document, StringField


class ChapterAutosave(Document):
    """A text that somebody has not published yet: one draft a person and place.

    The place is the story for its first chapter, the parent for a new chapter, and the chapter
    itself for an edit. Two people never share a draft; two tabs of one person do.
    """

    autosave_id = StringField(primary_key=True, default=lambda: uuid4().hex)
    user_id = StringField(required=True)
    story_slug = StringField(required=True)
    kind = StringField(required=True, choices=AUTOSAVE_KINDS)
    chapter_slug = StringField()
    parent_slug = StringField()
    title = StringField(default="", max_length=200)
    content = StringField(default="")
    base_version = fields.IntField()  # of the chapter that an edit was begun on
    save_count = fields.IntField(default=0)
    last_saved_at = fields.DateTimeField(required=True)

    meta = {
        "collection": "chapter_autosaves",
        "indexes": [
            {
                "fields": ["user_id", "story_slug", "kind", "chapter_slug", "parent_slug"],
                "unique": True,
            },
            ["last_saved_at", "autosave_id"],
            ["user_id", "-last_saved_at", "-autosave_id"],
        ],
    }

    def keep(self, *, text: Mapping[str, str], now: datetime) -> None:
        """Take over `title` and `content`, each if it is named."""
        for name, value in text.items():
            setattr(self, name, value)
        self.save_count += 1
        self.last_saved_at = now
        self.save()
