"""What is stored of a story, and every mutation of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from unicodedata import normalize
from uuid import uuid4

from mongoengine import fields

from apps.stories.limits import DEEPEST, DEFAULT_DEPTH, MOMENTS, RATINGS, STATUSES
from apps.users.limits import ORPHAN_ID, ORPHAN_NAME
from storychain.documents import Document, EmbeddedDocument, StringField


class StorySettings(EmbeddedDocument):
    """What its owners decide about a story."""

    is_public = fields.BooleanField(default=True)
    allow_branching = fields.BooleanField(default=True)
    require_approval = fields.BooleanField(default=False)
    allow_comments = fields.BooleanField(default=True)
    allow_voting = fields.BooleanField(default=True)
    max_depth = fields.IntField(default=DEFAULT_DEPTH, min_value=1, max_value=DEEPEST)
    genres = fields.ListField(StringField(max_length=40))
    content_rating = StringField(default="general", choices=RATINGS)


class StoryStats(EmbeddedDocument):
    """Counted in place, never computed by reading the tree."""

    total_chapters = fields.IntField(default=0)
    total_branches = fields.IntField(default=0)
    total_reads = fields.IntField(default=0)
    finishers = fields.IntField(default=0)  # readers who came to any of its endings
    total_votes = fields.IntField(default=0)
    upvotes = fields.IntField(default=0)
    downvotes = fields.IntField(default=0)
    score = fields.IntField(default=0)
    unique_contributors = fields.IntField(default=0)
    followers = fields.IntField(default=0)

    meta = {"strict": False}  # older stories hold an average_rating, which nothing ever counted


class Story(Document):
    """A story. Its text is in its chapters.

    `is_listed` and `labels` are derived on every save, so that each public list is one index:
    (is_listed, labels, order) finds, filters and sorts. `team` are the owner and the accepted
    collaborators, so that what somebody works on is one index as well; a deleted story is nobody's.
    """

    slug = StringField(primary_key=True, max_length=80)
    title = StringField(required=True, min_length=3, max_length=200)
    description = StringField(default="", max_length=2000)
    cover_image = StringField(default="", max_length=2000)
    creator_id = StringField(required=True)
    settings = fields.EmbeddedDocumentField(StorySettings, default=StorySettings)
    stats = fields.EmbeddedDocumentField(StoryStats, default=StoryStats)
    tags = fields.ListField(StringField(max_length=40))
    warnings = fields.ListField(StringField(max_length=80))
    status = StringField(default="draft", choices=STATUSES)
    is_featured = fields.BooleanField(default=False)
    is_import = fields.BooleanField(default=False)
    is_listed = fields.BooleanField(default=False)
    is_taken_down = fields.BooleanField(default=False)  # only by and for the platform
    labels = fields.ListField(StringField())
    version = fields.IntField(default=1)  # of its words, settings and status
    next_number = fields.IntField(default=1)
    team = fields.ListField(StringField())
    seats = fields.IntField(default=1)  # taken in its team, open invitations with them
    turns = fields.IntField(default=0)  # of those who held it
    trending_score = fields.FloatField(default=0.0)
    created_at = fields.DateTimeField(required=True)
    updated_at = fields.DateTimeField(required=True)
    last_activity_at = fields.DateTimeField(required=True)
    published_at = fields.DateTimeField()
    deleted_at = fields.DateTimeField()

    meta = {
        "collection": "stories",
        "indexes": [
            ["is_listed", "-published_at", "-slug"],
            ["is_listed", "-last_activity_at", "-slug"],
            ["is_listed", "-trending_score", "-slug"],
            ["is_listed", "is_featured", "-published_at", "-slug"],
            ["is_listed", "labels", "-published_at", "-slug"],
            ["is_listed", "labels", "-last_activity_at", "-slug"],
            ["creator_id", "is_listed", "-created_at", "-slug"],
            ["team", "-last_activity_at", "-slug"],
            ["team", "status", "-last_activity_at", "-slug"],
        ],
    }

    def clean(self) -> None:
        """Derive what the lists are found by."""
        self.is_listed = self.status == "published" and self.settings.is_public
        self.labels = [
            *(label("genre", genre) for genre in self.settings.genres),
            *(label("tag", name) for name in self.tags),
            label("rating", self.settings.content_rating),
        ]

    def revise(self, *, changes: dict[str, Any], now: datetime) -> None:
        """Take over the given fields; settings are merged, never replaced as a whole."""
        for name, value in changes.get("settings", {}).items():
            setattr(self.settings, name, value)
        for name, value in changes.items():
            if name != "settings":
                setattr(self, name, value)
        self._move_on(now)

    def turn(self, *, status: str, now: datetime, is_taken_down: bool = False) -> None:
        """Move to another status; the first publication is remembered."""
        self.status, self.is_taken_down = status, is_taken_down
        if status == "published" and self.published_at is None:
            self.published_at = self.last_activity_at = now
        if status == "deleted":
            self.deleted_at, self.team = now, []
        self._move_on(now)

    def _move_on(self, now: datetime) -> None:
        self.version += 1
        self.updated_at = now
        self.save()

    def bury(self) -> None:
        """Take everything from a story that nobody has any more but its address.

        What others hold still names that (votes, follows, proposals, reports, bans), so it may not
        become that of another story.
        """
        self.title, self.creator_id = ORPHAN_NAME, ORPHAN_ID
        self.description = self.cover_image = ""
        self.tags, self.warnings = [], []
        self.settings, self.stats = StorySettings(), StoryStats()
        self.save()

    @classmethod
    def hold(cls, *, slug: str) -> Story | None:
        """Return it as it is, and let every other writer of it wait, or begin again, after us."""
        held: Story | None = cls.objects(slug=slug).modify(inc__turns=1, new=True)
        return held

    @classmethod
    def grow(
        cls, *, slug: str, chapters: int, branches: int, contributors: int, now: datetime
    ) -> int:
        """Count new chapters in and return the number that the first of them takes."""
        before = cls.objects(slug=slug).modify(
            inc__next_number=chapters,
            inc__stats__total_chapters=chapters,
            inc__stats__total_branches=branches,
            inc__stats__unique_contributors=contributors,
            set__last_activity_at=now,
        )
        return int(before.next_number)

    @classmethod
    def take_number(cls, *, slug: str) -> int:
        """Return a number for a chapter that nobody sees yet; it counts for nothing."""
        return int(cls.objects(slug=slug).modify(inc__next_number=1).next_number)

    @classmethod
    def seat(cls, *, slug: str, most: int) -> bool:
        """Count somebody into the team; tell whether there was room."""
        return bool(cls.objects(slug=slug, seats__not__gte=most).update_one(inc__seats=1))

    @classmethod
    def unseat(cls, *, slug: str, seats: int = 1) -> None:
        """Count somebody out of the team, or several."""
        cls.objects(slug=slug).update_one(dec__seats=seats)

    @classmethod
    def let_in(cls, *, slug: str, user_id: str) -> None:
        """Note that somebody works on a story."""
        cls.objects(slug=slug, status__ne="deleted").update_one(add_to_set__team=user_id)

    @classmethod
    def let_out(cls, *, slug: str, user_id: str) -> None:
        """Note that somebody works on a story no longer."""
        cls.objects(slug=slug).update_one(pull__team=user_id)

    @classmethod
    def orphan(cls, *, slug: str) -> None:
        """Leave a story behind whose creator is gone."""
        cls.objects(slug=slug).update_one(set__creator_id=ORPHAN_ID)

    @classmethod
    def count(cls, *, slug: str, counts: Mapping[str, int]) -> Story | None:
        """Add to what is counted of a story, by names of StoryStats; return it as it was."""
        more = {f"inc__stats__{name}": n for name, n in counts.items()}
        before: Story | None = cls.objects(slug=slug).modify(**more)
        return before

    @classmethod
    def rank(cls, *, slug: str, score: float) -> None:
        """Note how lively a story is; nothing else of it changes."""
        cls.objects(slug=slug).update_one(set__trending_score=score)

    @classmethod
    def feature(cls, *, slug: str, is_featured: bool) -> bool:
        """Put a story among the featured ones, or take it out; tell whether there is such a story.

        None is put there that not everybody reads.
        """
        found = cls.objects(slug=slug, **({"is_listed": True} if is_featured else {}))
        return bool(found.update_one(set__is_featured=is_featured))

    @classmethod
    def shrink(cls, *, slug: str, branches: int, contributors: int) -> None:
        """Count one chapter out, and as a branch or with its author if it was such."""
        cls.objects(slug=slug).update_one(
            dec__stats__total_chapters=1,
            dec__stats__total_branches=branches,
            dec__stats__unique_contributors=contributors,
        )


class Moment(Document):
    """Something that happened in a story: who did what, to which chapter or person. Append-only.

    Who looks after the platform is not named: his name stands among the acts of moderation.
    """

    moment_id = StringField(primary_key=True, default=lambda: uuid4().hex)
    story_slug = StringField(required=True)
    kind = StringField(required=True, choices=MOMENTS)
    actor_id = StringField()
    chapter_slug = StringField()
    user_id = StringField()
    details = fields.DictField()
    at = fields.DateTimeField(required=True)

    meta = {
        "collection": "story_moments",
        "indexes": [
            ["story_slug", "-at", "-moment_id"],
            "actor_id",
            {"fields": ["user_id"], "sparse": True},
        ],
    }

    @classmethod
    def note(
        cls,
        kind: str,
        *,
        story_slug: str,
        actor_id: str | None,
        now: datetime,
        chapter_slug: str | None = None,
        user_id: str | None = None,
        **details: Any,
    ) -> None:
        """Write down what happens, in the unit of work that does it."""
        cls(
            kind=kind,
            story_slug=story_slug,
            actor_id=actor_id,
            at=now,
            chapter_slug=chapter_slug,
            user_id=user_id,
            details=details,
        ).save(force_insert=True)

    @classmethod
    def orphan(cls, user_id: str, *, most: int) -> int:
        """Put the orphan in somebody's place in up to twice `most` moments; return in how many."""
        return sum(
            cls.objects(**{name: user_id}).at_most(most).update(**{f"set__{name}": ORPHAN_ID})
            for name in ("actor_id", "user_id")
        )

    @classmethod
    def erase(cls, *, story_slug: str) -> None:
        """Delete the timeline of a story that goes as a whole."""
        cls.objects(story_slug=story_slug).delete()


def label(kind: str, value: str) -> str:
    """Return the search label of a genre, tag or rating."""
    return f"{kind}:{fold(value)}"


def fold(text: str) -> str:
    """Return what all spellings of a text have in common: whatever its case and normal form.

    Source: the Unicode Standard, definition D145, canonical caseless matching; in NFC.
    """
    return normalize("NFC", normalize("NFD", text).casefold())
