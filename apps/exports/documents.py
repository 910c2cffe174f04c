"""What is stored of an export, and every mutation of it.

    queued -> running -> done | failed

`attempt` numbers the runs: only the latest may say how it ended, so that one which was thought
dead and comes back late changes nothing. `open_key` is there while the export is under way, and
unique: of two requests for the same file at the same time one finds the other's.
"""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from mongoengine import fields

from storychain.documents import Document, StringField

STATUSES = ("queued", "running", "done", "failed")
UNDER_WAY = ("queued", "running")


class Export(Document):
    """A story as a file, made for one person.

    `chapter_slug` ends the path that was asked for, `path` names all its chapters; without both
    the file holds the whole tree. `step` is what the run is at, `notes` what is to be said about
    the file.
    """

    export_id = StringField(primary_key=True, default=lambda: str(uuid4()))
    user_id = StringField(required=True)
    story_slug = StringField(required=True)
    story_title = StringField(required=True)
    format = StringField(required=True)
    chapter_slug = StringField()
    path = fields.ListField(StringField())
    language = StringField(default="")
    status = StringField(default="queued", choices=STATUSES)
    open_key = StringField()
    attempt = fields.IntField(default=0)
    step = StringField(default="")
    notes = fields.ListField(StringField())
    done = fields.IntField(default=0)
    total = fields.IntField(default=0)
    file = StringField()
    size = fields.IntField()
    reason = StringField(default="")
    created_at = fields.DateTimeField(required=True)
    finished_at = fields.DateTimeField()
    expires_at = fields.DateTimeField()

    meta = {
        "collection": "exports",
        "indexes": [
            {"fields": ["open_key"], "unique": True, "sparse": True},
            ["user_id", "-created_at", "-export_id"],
            ["status", "created_at"],
            ["expires_at"],
            ["finished_at"],
        ],
    }

    @classmethod
    def begin(cls, *, export_id: str) -> Export | None:
        """Start a run; None if there is nothing left to do. One that failed may be tried again."""
        waiting = cls.objects(export_id=export_id, status__ne="done")
        found: Export | None = waiting.modify(
            set__status="running", set__reason="", inc__attempt=1, new=True
        )
        return found

    def note(self, *, done: int, total: int) -> None:
        """Say how far this run has come, in chapters."""
        self._mine().update_one(set__done=done, set__total=total)

    def enter(self, *, step: str) -> None:
        """Say what this run is at now."""
        self._mine().update_one(set__step=step)

    def complete(
        self,
        *,
        file: str,
        size: int,
        chapters: int,
        notes: list[str],
        now: datetime,
        expires_at: datetime,
    ) -> bool:
        """End in success, unless a later run has taken over."""
        changed = self._mine().update_one(
            set__status="done",
            set__file=file,
            set__size=size,
            set__notes=notes,
            set__step="",
            set__done=chapters,
            set__total=chapters,
            set__finished_at=now,
            set__expires_at=expires_at,
            unset__open_key=1,
        )
        return bool(changed)

    def fail(self, *, reason: str, now: datetime) -> None:
        """End in failure with a reason for the one who asked, unless a later run has taken over."""
        self._mine().update_one(
            set__status="failed",
            set__reason=reason,
            set__step="",
            set__finished_at=now,
            unset__open_key=1,
        )

    def lose_file(self) -> None:
        """Record that the file is gone for good."""
        Export.objects(export_id=self.export_id).update_one(unset__file=1)

    def _mine(self) -> fields.QuerySet:  # type: ignore[name-defined]
        return Export.objects(export_id=self.export_id, attempt=self.attempt, status__in=UNDER_WAY)
