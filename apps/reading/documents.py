"""What is stored of somebody's reading, and every mutation of it.

None of it grows with what is read but ChapterRead, one small document a chapter.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

from django.utils.crypto import salted_hmac
from mongoengine import fields

from apps.reading.limits import LONGEST_PATH, QUALIFIES, SILENCE
from storychain.bulk import swap
from storychain.documents import Document, StringField


class Sitting(Document):
    """Where somebody is in a story at this moment: one tab, one chapter, for so many seconds.

    Written at every heartbeat, and shown by no cached page. Of the `seconds` of this stay, `kept`
    are in its ChapterRead; a stay ends when he turns to another chapter, or to another day.
    """

    sitting_id = StringField(primary_key=True)
    user_id = StringField(required=True)
    history_id = StringField(required=True)
    tab = StringField(required=True)
    chapter_slug = StringField(required=True)
    beat_at = fields.DateTimeField(required=True)
    seconds = fields.FloatField(default=0.0)
    kept = fields.IntField(default=0)

    meta = {"collection": "reading_sittings", "indexes": ["user_id"]}

    @classmethod
    def find(cls, *, user_id: str, story_slug: str) -> Sitting | None:
        """Return where somebody is, or was, in a story."""
        found: Sitting | None = cls.objects(sitting_id=_pair(user_id, story_slug)).first()
        return found

    @classmethod
    def begin(
        cls, history: ReadingHistory, *, tab: str, chapter_slug: str, now: datetime
    ) -> Sitting:
        """Sit down at a chapter, in place of wherever he sat."""
        return cls(
            sitting_id=_pair(history.user_id, history.story_slug),
            user_id=history.user_id,
            history_id=history.history_id,
            tab=tab,
            chapter_slug=chapter_slug,
            beat_at=now,
        ).save()

    @property
    def is_read(self) -> bool:
        """Whether this stay is long enough to be called reading."""
        return bool(self.seconds >= QUALIFIES)

    @property
    def unkept(self) -> int:
        """Whole seconds of this stay that its ChapterRead does not have yet."""
        return int(self.seconds) - int(self.kept)

    def is_elsewhere(self, *, tab: str, now: datetime) -> bool:
        """Tell whether another tab than this one is reading now."""
        return bool(self.tab != tab and now - self.beat_at <= SILENCE)

    def lasts(self, chapter_slug: str, *, now: datetime) -> bool:
        """Tell whether a heartbeat now is of this stay still; a day (UTC) has stays of its own."""
        heard_at = max(now, self.beat_at)
        is_soon = heard_at - self.beat_at <= SILENCE and _day(heard_at) == _day(self.beat_at)
        return bool(self.chapter_slug == chapter_slug and is_soon)

    def hear(self, *, tab: str, now: datetime) -> None:
        """Count the time since the heartbeat before, unless it was too long or another tab's."""
        gap = now - self.beat_at
        if tab == self.tab and timedelta() < gap <= SILENCE:
            self.seconds += gap.total_seconds()
        self.tab, self.beat_at = tab, max(now, self.beat_at)

    def store_in_place_of(self, before: Any) -> bool:
        """Store it past any unit of work; tell whether what was read is what still stood there."""
        return swap(Sitting, old=before, new=self.to_mongo())


class ReadingHistory(Document):
    """How far somebody has come in a story. What he read of each chapter is in ChapterRead.

    `path` are the chapters that he came through, the latest LONGEST_PATH.
    """

    history_id = StringField(primary_key=True, default=lambda: uuid4().hex)
    user_id = StringField(required=True)
    story_slug = StringField(required=True)
    current_chapter_slug = StringField(required=True)
    path = fields.ListField(StringField())
    chapters_read = fields.IntField(default=0)
    endings_found = fields.IntField(default=0)
    started_at = fields.DateTimeField(required=True)
    last_read_at = fields.DateTimeField(required=True)

    meta = {
        "collection": "reading_histories",
        "strict": False,  # older ones hold a counted_on, which is a ChapterRead's now
        "indexes": [
            {"fields": ["user_id", "story_slug"], "unique": True},
            ["user_id", "-last_read_at", "-history_id"],
        ],
    }

    @classmethod
    def find(cls, *, user_id: str, story_slug: str) -> ReadingHistory | None:
        """Return how far somebody has come in a story, if he has begun it."""
        found: ReadingHistory | None = cls.objects(user_id=user_id, story_slug=story_slug).first()
        return found

    def turn_to(self, chapter_slug: str, *, now: datetime) -> None:
        """Take a chapter as the one where he is."""
        if self.current_chapter_slug != chapter_slug:
            self.current_chapter_slug = chapter_slug
            self.path = [*self.path, chapter_slug][-LONGEST_PATH:]
        self.last_read_at = now
        self.save()

    def count(self, *, is_ending: bool) -> None:
        """Count a chapter that he has read for the first time; to be saved."""
        self.chapters_read += 1
        self.endings_found += int(is_ending)


class ChapterRead(Document):
    """How long somebody has been at a chapter, in all, and since when that counts as read.

    `counted_on` is the UTC day on which he last counted as its reader.
    """

    read_id = StringField(primary_key=True)
    history_id = StringField(required=True)
    chapter_slug = StringField(required=True)
    seconds = fields.IntField(default=0)
    qualified_at = fields.DateTimeField()
    counted_on = StringField()
    is_ending = fields.BooleanField(default=False)  # which he has so come to
    last_read_at = fields.DateTimeField(required=True)

    meta = {
        "collection": "chapter_reads",
        "indexes": [
            ["history_id", "-last_read_at", "-read_id"],
            ["history_id", "is_ending", "qualified_at"],
        ],
    }

    @classmethod
    def of(cls, history_id: str, chapter_slug: str) -> ChapterRead:
        """Return what there is of a chapter, or a new one, unsaved."""
        key = _pair(history_id, chapter_slug)
        found: ChapterRead | None = cls.objects(read_id=key).first()
        return found or cls(read_id=key, history_id=history_id, chapter_slug=chapter_slug)

    def add(self, seconds: int, *, now: datetime) -> None:
        """Add time to it; to be saved."""
        self.seconds += seconds
        self.last_read_at = now

    def qualify(self, *, is_ending: bool, now: datetime) -> bool:
        """Call it read; tell whether it was not before. To be saved."""
        is_first = self.qualified_at is None
        if is_first:
            self.qualified_at, self.is_ending = now, is_ending
        return is_first

    def count_day(self, day: date) -> bool:
        """Count him as its reader of this day; tell whether he was not before. To be saved."""
        before, self.counted_on = self.counted_on, day.isoformat()
        return bool(before != self.counted_on)


class CountedRead(Document):
    """That somebody's reading of a chapter, on from it, or to a story's end, is counted for good.

    It stays so if he forgets it. Its id is a keyed hash of both, so that nobody's reading can be
    listed by it.
    """

    mark = StringField(primary_key=True)

    meta = {"collection": "counted_reads"}

    @classmethod
    def claim(cls, *, user_id: str, chapter_slug: str) -> bool:
        """Note that this reader counts for this chapter; tell whether he did not before."""
        return cls._claim(_pair(user_id, chapter_slug))

    @classmethod
    def claim_end(cls, *, user_id: str, story_slug: str) -> bool:
        """Note that he counts among those who finished a story; tell whether he did not before."""
        return cls._claim(_pair(user_id, f"end:{story_slug}"))  # no chapter's slug has a colon

    @classmethod
    def claim_way(cls, *, user_id: str, chapter_slug: str) -> bool:
        """Note that he has read on from a chapter; tell whether he had not before."""
        return cls._claim(_pair(user_id, f"on:{chapter_slug}"))

    @classmethod
    def holds_any(cls, *, user_id: str, chapter_slugs: Iterable[str]) -> bool:
        """Tell whether somebody counts for any of these chapters."""
        marks = [cls._mark(_pair(user_id, slug)) for slug in chapter_slugs]
        return bool(marks) and cls.objects(mark__in=marks).first() is not None

    @classmethod
    def _mark(cls, what: str) -> str:
        return salted_hmac(cls.__name__, what).hexdigest()

    @classmethod
    def _claim(cls, what: str) -> bool:
        mark = cls._mark(what)
        if cls.objects(mark=mark).first():
            return False
        cls(mark=mark).save(force_insert=True)
        return True


def _day(at: datetime) -> date:
    return at.astimezone(UTC).date()


def _pair(one: str, other: str) -> str:
    return f"{one}/{other}"
