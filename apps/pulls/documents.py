"""What is stored of a pull request, and every mutation of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import product
from typing import Any
from uuid import uuid4

from mongoengine import fields

from apps.pulls.limits import (
    KINDS,
    STATUSES,
    TEXT_LENGTH,
    THRESHOLD,
    TITLE_LENGTH,
    UNDECIDED,
    WINDOW_DAYS,
)
from apps.pulls.records import PullEvent, Review
from apps.users.limits import ORPHAN_ID
from storychain.documents import Document, EmbeddedDocument, StringField

TEXT = ("chapter_title", "content", "choice_text", "is_ending", "base_version")
"""What is proposed: approvals and votes are for this text, and end with it."""


class Approvals(EmbeddedDocument):
    """How many it takes, how many there are, and who asked for changes (`blockers`, user ids)."""

    required = fields.IntField(default=1)
    received = fields.IntField(default=0)
    blockers = fields.ListField(StringField())


class AutoApprove(EmbeddedDocument):
    """Approval by votes: a score of `threshold` within `time_window` days of being ready."""

    enabled = fields.BooleanField(default=False)
    threshold = fields.IntField(default=THRESHOLD)
    time_window = fields.IntField(default=WINDOW_DAYS)
    granted_at = fields.DateTimeField()


class PullVotes(EmbeddedDocument):
    """Votes for the text as it is now."""

    up = fields.IntField(default=0)
    down = fields.IntField(default=0)
    score = fields.IntField(default=0)


class PullRequest(Document):
    """A chapter, or a chapter's new text, that somebody proposes.

    `chapter_slug` is the chapter that an edit changes, or the one that a merge has made. `version`
    counts what was edited, `text_version` only changes of the proposed text. `status` of what is
    not decided, and `facets`, by which lists find it, are derived on every save. What is withheld
    is over, and says nothing any more.
    """

    pull_id = StringField(primary_key=True, default=lambda: uuid4().hex)
    story_slug = StringField(required=True)
    kind = StringField(required=True, choices=KINDS)
    chapter_slug = StringField()
    parent_slug = StringField()
    author_id = StringField(required=True)
    title = StringField(required=True, max_length=TITLE_LENGTH)
    description = StringField(default="", max_length=TEXT_LENGTH)
    chapter_title = StringField()
    content = StringField(required=True)
    choice_text = StringField()
    is_ending = fields.BooleanField()
    base_version = fields.IntField()
    word_count = fields.IntField(default=0)
    version = fields.IntField(default=1)
    text_version = fields.IntField(default=1)
    status = StringField(default="open", choices=STATUSES)
    is_draft = fields.BooleanField(default=False)
    is_withheld = fields.BooleanField(default=False)
    ready_at = fields.DateTimeField()
    labels = fields.ListField(StringField())
    votes = fields.EmbeddedDocumentField(PullVotes, default=PullVotes)
    auto_approve = fields.EmbeddedDocumentField(AutoApprove, default=AutoApprove)
    approvals = fields.EmbeddedDocumentField(Approvals, default=Approvals)
    comments = fields.IntField(default=0)
    events = fields.IntField(default=0)
    turns = fields.IntField(default=0)
    facets = fields.ListField(StringField())
    merged_by = StringField()
    merged_at = fields.DateTimeField()
    closed_by = StringField()
    closed_at = fields.DateTimeField()
    created_at = fields.DateTimeField(required=True)
    updated_at = fields.DateTimeField(required=True)

    meta = {
        "collection": "pull_requests",
        "indexes": [
            ["story_slug", "facets", "-created_at", "-pull_id"],
            ["author_id", "-created_at", "-pull_id"],
            ["author_id", "story_slug", "-created_at", "-pull_id"],
            {"fields": ["chapter_slug"], "sparse": True},
            {"fields": ["merged_by"], "sparse": True},
            {"fields": ["closed_by"], "sparse": True},
            "approvals.blockers",
        ],
    }

    def clean(self) -> None:
        """Derive whether it is approved, and what lists find it by."""
        if self.status in UNDECIDED:
            is_approved = self.is_endorsed and not (self.is_draft or self.approvals.blockers)
            self.status = "approved" if is_approved else "open"
        ways = product((self.status, None), (self.kind, None))
        self.facets = [facet(status=s, kind=k, is_draft=self.is_draft) for s, k in ways]

    @property
    def is_endorsed(self) -> bool:
        """Whether reviewers or voters have approved of it."""
        enough = self.approvals.received >= self.approvals.required
        return bool(enough or self.auto_approve.granted_at)

    @property
    def base_slug(self) -> str:
        """The chapter that it changes, or stands below."""
        return str(self.chapter_slug if self.kind == "edit" else self.parent_slug)

    @classmethod
    def hold(cls, pull_id: str) -> PullRequest | None:
        """Return it as it is, and let every other writer of it wait, or begin again, after us."""
        held: PullRequest | None = cls.objects(pull_id=pull_id).modify(inc__turns=1, new=True)
        return held

    def note(self, kind: str, *, actor_id: str | None, now: datetime, **details: Any) -> int:
        """Put an event on the timeline and return its number; the pull request is saved after."""
        self.events += 1
        PullEvent(
            pull_id=self.pull_id,
            number=self.events,
            kind=kind,
            actor_id=actor_id,
            details=details,
            at=now,
        ).save(force_insert=True)
        self.updated_at = now
        return int(self.events)

    def revise(self, changes: dict[str, Any], *, now: datetime) -> None:
        """Take over the given fields; another text has neither approvals nor votes yet."""
        if any(name in changes and changes[name] != getattr(self, name) for name in TEXT):
            self.text_version += 1
            self.approvals.received, self.votes = 0, PullVotes()
            self.auto_approve.granted_at = None
        for name, value in changes.items():
            setattr(self, name, value)
        self.version += 1
        self.become_ready(now=now)

    def become_ready(self, *, now: datetime) -> None:
        """Note the first time that it is no draft."""
        if not self.is_draft:
            self.ready_at = self.ready_at or now

    def tally(self, reviews: Iterable[Review]) -> None:
        """Count the reviews of those who may review: approvals that bind, and who objects."""
        kept = list(reviews)
        self.approvals.received = sum(r.approves(self.text_version) for r in kept)
        self.approvals.blockers = sorted(
            r.reviewer_id for r in kept if r.verdict == "changes_requested"
        )

    def count_vote(self, *, before: int, after: int) -> None:
        """Count one person's vote, which was `before` (1, 0 or -1) and is `after`."""
        self.votes.up += (after > 0) - (before > 0)
        self.votes.down += (after < 0) - (before < 0)
        self.votes.score += after - before

    def grant(self, *, now: datetime) -> bool:
        """Approve by votes where they suffice; tell whether that was now."""
        rule = self.auto_approve
        if not rule.enabled or rule.granted_at or self.is_draft:
            return False
        is_in_time = now <= self.ready_at + timedelta(days=rule.time_window)
        if not is_in_time or self.votes.score < rule.threshold:
            return False
        rule.granted_at = now
        return True

    def close(self, *, by: str | None, now: datetime) -> None:
        """End it without taking it over; None is by nobody who is named."""
        self.status, self.closed_by, self.closed_at = "closed", by, now

    def reopen(self) -> None:
        """Bring it back to where it was before it was closed."""
        self.status, self.closed_by, self.closed_at = "open", None, None

    def withhold(self, *, by: str | None, now: datetime) -> None:
        """Take its words away, for good; what nobody has decided ends with them."""
        if self.status in UNDECIDED:
            self.close(by=by, now=now)
        self.title = self.description = self.content = ""
        self.chapter_title = self.choice_text = None
        self.word_count, self.is_withheld = 0, True
        self.version += 1

    @classmethod
    def forget_decider(cls, user_id: str, *, most: int) -> int:
        """Forget what part somebody had in up to thrice `most` decisions; return in how many.

        In what is undecided he still stands as who objects.
        """
        decided = {"status__nin": UNDECIDED}
        objected = cls.objects(approvals__blockers=user_id, **decided).at_most(most)
        return int(objected.update(pull__approvals__blockers=user_id)) + sum(
            cls.objects(**{name: user_id}).at_most(most).update(**{f"set__{name}": ORPHAN_ID})
            for name in ("merged_by", "closed_by")
        )

    def merge(self, *, chapter_slug: str, by: str, now: datetime) -> None:
        """End it as taken over, as this chapter."""
        self.status, self.chapter_slug = "merged", chapter_slug
        self.merged_by, self.merged_at = by, now


def facet(*, status: str | None, kind: str | None, is_draft: bool) -> str:
    """Return what all pull requests of a list have in common; None stands for any."""
    return f"{'draft' if is_draft else 'ready'}/{status or '*'}/{kind or '*'}"
