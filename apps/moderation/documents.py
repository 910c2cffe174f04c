"""What is stored of reports, appeals and of what was done about them, and every mutation of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

from mongoengine import fields

from apps.moderation.limits import (
    ACTS,
    APPEAL_LENGTH,
    CLOSED,
    NOTE_LENGTH,
    QUEUES,
    REASONS,
    STATEMENT_LENGTH,
    STATUSES,
    SUBJECTS,
)
from apps.users.limits import ORPHAN_ID
from storychain.documents import Document, EmbeddedDocument, StringField

IS_ANYBODYS = {"$gt": ""}
"""Of who is gone the field is absent: what he once did alone is not told from another's."""


class Decision(EmbeddedDocument):
    """What was decided, by whom and why: those concerned are told the statement.

    Who has decided `for_platform` is not named to a story's team.
    """

    outcome = StringField(required=True, choices=STATUSES)
    statement = StringField(default="", max_length=STATEMENT_LENGTH[1])
    decided_by = StringField(required=True)
    decided_at = fields.DateTimeField(required=True)
    for_platform = fields.BooleanField(default=False)

    @classmethod
    def make(cls, outcome: str, *, by: str, now: datetime, **more: Any) -> Decision:
        """Return a decision of this moment; `more` are its other fields."""
        return cls(outcome=outcome, decided_by=by, decided_at=now, **more)


class Report(Document):
    """What somebody holds against something or somebody; one for each of the two.

    `accused_id` is whose it is. `queue` says who decides: the story's moderators, or the platform's
    for people, whole stories and what was escalated.
    """

    report_id = StringField(primary_key=True, default=lambda: uuid4().hex)
    subject_type = StringField(required=True, choices=SUBJECTS)
    subject_id = StringField(required=True)
    story_slug = StringField()
    accused_id = StringField(required=True)
    reporter_id = StringField()
    reason = StringField(required=True, choices=REASONS)
    note = StringField(default="", max_length=NOTE_LENGTH)
    status = StringField(default="PENDING", choices=STATUSES)
    queue = StringField(required=True, choices=QUEUES)
    is_open = fields.BooleanField(default=True)
    decision = fields.EmbeddedDocumentField(Decision)
    created_at = fields.DateTimeField(required=True)

    meta = {
        "collection": "reports",
        "indexes": [
            {
                "fields": ["subject_type", "subject_id", "reporter_id"],
                "unique": True,
                "partialFilterExpression": {"reporter_id": IS_ANYBODYS},
            },
            ["subject_id", "is_open"],
            ["story_slug", "queue", "is_open", "-created_at", "-report_id"],
            ["queue", "is_open", "-created_at", "-report_id"],
            {"fields": ["reporter_id"], "sparse": True},
            "accused_id",
            {"fields": ["decision.decided_by"], "sparse": True},
        ],
    }

    def decide(self, *, outcome: str, by: str, now: datetime, **more: Any) -> None:
        """Take a decision down; what is escalated goes on to the platform's queue."""
        self.status, self.is_open = outcome, outcome not in CLOSED
        if outcome == "ESCALATED":
            self.queue = "platform"
        self.decision = Decision.make(outcome, by=by, now=now, **more)
        self.save()

    def list_alike(self, *, most: int) -> list[Report]:
        """Return this and up to `most` open reports in all of the same thing in the same queue."""
        alike = Report.objects(
            subject_id=self.subject_id,
            is_open=True,
            subject_type=self.subject_type,
            queue=self.queue,
        )
        return [self, *alike.filter(report_id__ne=self.report_id).limit(most - 1)]


class Appeal(Document):
    """What a banned person says against his ban: from a story, or without one the platform's.

    `queue` says who judges: the story's moderators, or the platform where that has banned.
    """

    appeal_id = StringField(primary_key=True, default=lambda: uuid4().hex)
    user_id = StringField(required=True)
    story_slug = StringField()
    queue = StringField(required=True, choices=QUEUES)
    text = StringField(required=True, max_length=APPEAL_LENGTH[1])
    ban_reason = StringField(default="")
    banned_by = StringField(required=True)
    status = StringField(default="PENDING", choices=STATUSES)
    is_open = fields.BooleanField(default=True)
    decision = fields.EmbeddedDocumentField(Decision)
    created_at = fields.DateTimeField(required=True)

    meta = {
        "collection": "appeals",
        "indexes": [
            {
                "fields": ["user_id", "story_slug"],
                "unique": True,
                "partialFilterExpression": {"is_open": True},
            },
            ["user_id", "-created_at", "-appeal_id"],
            ["story_slug", "queue", "is_open", "-created_at", "-appeal_id"],
            ["queue", "is_open", "-created_at", "-appeal_id"],
            "banned_by",
            {"fields": ["decision.decided_by"], "sparse": True},
        ],
    }

    @classmethod
    def pass_up(cls, *, story_slug: str, user_id: str, by: str, reason: str) -> None:
        """Let the platform judge what waits against a ban that it has taken over from a team."""
        waiting = cls.objects(story_slug=story_slug, user_id=user_id, is_open=True)
        waiting.update(set__queue="platform", set__banned_by=by, set__ban_reason=reason)

    def decide(self, *, outcome: str, by: str, now: datetime, **more: Any) -> None:
        """Take the decision down; RESOLVED is granted."""
        self.status, self.is_open = outcome, False
        self.decision = Decision.make(outcome, by=by, now=now, **more)
        self.save()


class Act(Document):
    """Something that a moderator did: to whom or what, when and why. Append-only.

    What is shared, the moderators of its story see as well; what was done `for_platform`, by
    somebody who looks after it, without his name.
    """

    act_id = StringField(primary_key=True, default=lambda: uuid4().hex)
    kind = StringField(required=True, choices=ACTS)
    actor_id = StringField(required=True)
    user_id = StringField()
    subject_type = StringField()
    subject_id = StringField()
    story_slug = StringField()
    reason = StringField(default="")
    is_shared = fields.BooleanField(default=False)
    for_platform = fields.BooleanField(default=False)
    at = fields.DateTimeField(required=True)

    meta = {
        "collection": "moderation_acts",
        "indexes": [
            ["-at", "-act_id"],
            ["story_slug", "-at", "-act_id"],
            ["story_slug", "is_shared", "-at", "-act_id"],
            ["user_id", "-at", "-act_id"],
            "actor_id",
            {"fields": ["subject_id"], "sparse": True},
        ],
    }

    @classmethod
    def note(cls, kind: str, *, actor_id: str, now: datetime, **about: Any) -> None:
        """Write down what is done, in the unit of work that does it."""
        cls(kind=kind, actor_id=actor_id, at=now, **about).save(force_insert=True)

    @classmethod
    def orphan(cls, user_id: str, *, most: int) -> int:
        """Put the orphan in somebody's place in up to thrice `most` acts; return in how many."""
        places = ("actor_id", "user_id", "subject_id")
        return sum(
            cls.objects(**{name: user_id}).at_most(most).update(**{f"set__{name}": ORPHAN_ID})
            for name in places
        )
