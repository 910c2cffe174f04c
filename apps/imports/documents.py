"""What is remembered of an import, so that the same file is not imported twice."""

from __future__ import annotations

from datetime import datetime

from mongoengine import fields

from storychain.documents import Document, StringField


class ImportRecord(Document):
    """A file that somebody imported, and the story that came of it.

    `digest` is the SHA-256 of its bytes, in hexadecimal; a person has one record of a file.
    """

    author_id = StringField(required=True)
    digest = StringField(required=True, min_length=64, max_length=64)
    story_slug = StringField(required=True)
    format = StringField(required=True)
    chapters = fields.IntField(required=True)
    imported_at = fields.DateTimeField(required=True)

    meta = {
        "collection": "imports",
        "indexes": [{"fields": ["author_id", "digest"], "unique": True}],
    }

    @classmethod
    def find(cls, *, author_id: str, digest: str) -> ImportRecord | None:
        """Return the record of a file, if this person has imported it."""
        found: ImportRecord | None = cls.objects(author_id=author_id, digest=digest).first()
        return found

    @classmethod
    def keep(
        cls,
        *,
        author_id: str,
        digest: str,
        story_slug: str,
        format_name: str,
        chapters: int,
        now: datetime,
    ) -> None:
        """Remember the story that a file became, in place of an earlier one that is deleted."""
        record = cls.find(author_id=author_id, digest=digest)
        record = record or cls(author_id=author_id, digest=digest)
        record.story_slug, record.format, record.chapters = story_slug, format_name, chapters
        record.imported_at = now
        record.save()
