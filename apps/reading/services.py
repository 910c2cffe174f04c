"""Writes on what somebody reads, and their rules.

1. A heartbeat comes every 30 s with the id of its tab. It counts the time since the one before,
   if that is at most SILENCE. Most of them are one read and one write of MongoDB.
2. One tab counts, the first; another takes over when it has been silent for longer than that.
3. A stay of QUALIFIES seconds at a chapter is a read. Turning to another chapter ends the stay:
   the time until then is the chapter's that he leaves. So do a longer silence, and midnight (UTC).
4. For a chapter, and its story, a reader counts once for ever; for their days, once a day.
"""

from datetime import UTC, datetime
from typing import NamedTuple

from mongoengine.errors import NotUniqueError

from apps.access.rules import Action
from apps.chapters.documents import Chapter
from apps.chapters.errors import ChapterNotFound
from apps.reading.counting import count_first
from apps.reading.documents import ChapterRead, ReadingHistory, Sitting
from apps.reading.errors import HistoryNotFound
from apps.reading.events import HistoryForgotten, StoryRead
from apps.stories.services import open_for
from storychain import counters
from storychain.documents import unit_of_work
from storychain.events import publish

STEP = 100


class Beat(NamedTuple):
    """What became of a heartbeat: whether its tab counts, and the stay's seconds so far."""

    is_counted: bool
    seconds: int
    is_read: bool


def beat(*, user_id: str, story_slug: str, chapter_slug: str, tab: str, now: datetime) -> Beat:
    """Note that somebody who may read this story is at this chapter, in this tab.

    Raise ChapterNotFound where its readers have no such chapter.
    """
    sitting = Sitting.find(user_id=user_id, story_slug=story_slug)
    if sitting and sitting.is_elsewhere(tab=tab, now=now):
        return _tell(sitting, is_counted=False)
    if sitting and sitting.lasts(chapter_slug, now=now) and _goes_on(sitting, tab=tab, now=now):
        return _tell(sitting)
    place = {"user_id": user_id, "story_slug": story_slug, "chapter_slug": chapter_slug}
    try:
        return _settle(**place, tab=tab, now=now)
    except NotUniqueError:  # two tabs begin at once: one of them is elsewhere now
        return _settle(**place, tab=tab, now=now)


@unit_of_work
def forget_history(*, user_id: str, story_slug: str) -> None:
    """Forget what somebody read of a story, also if he may not read it any more.

    What it has counted for stays counted, once. Raise HistoryNotFound.
    """
    history = ReadingHistory.find(user_id=user_id, story_slug=story_slug)
    if history is None:
        raise HistoryNotFound
    if sitting := Sitting.find(user_id=user_id, story_slug=story_slug):
        sitting.delete()
    history.delete()
    publish(HistoryForgotten(history_id=history.history_id))


def forget_reads(*, history_id: str) -> int:
    """Delete what was read in a history that is forgotten, in steps; return how many chapters."""
    done = 0
    while found := _forget_some(history_id):
        done += found
    return done


@unit_of_work
def _forget_some(history_id: str) -> int:
    return int(ChapterRead.objects(history_id=history_id).at_most(STEP).delete())


def _goes_on(sitting: Sitting, *, tab: str, now: datetime) -> bool:
    """Store a heartbeat from which nothing follows; tell whether it was one."""
    before, was_read = sitting.to_mongo(), sitting.is_read
    sitting.hear(tab=tab, now=now)
    return sitting.is_read == was_read and sitting.store_in_place_of(before)


@unit_of_work
def _settle(*, user_id: str, story_slug: str, chapter_slug: str, tab: str, now: datetime) -> Beat:
    """Note a heartbeat that begins or ends a stay, or makes it a read."""
    place = {"user_id": user_id, "story_slug": story_slug}
    sitting = Sitting.find(**place)
    if sitting and sitting.is_elsewhere(tab=tab, now=now):
        return _tell(sitting, is_counted=False)
    history = ReadingHistory.find(**place) or ReadingHistory(**place, started_at=now)
    goes_on = sitting and sitting.lasts(chapter_slug, now=now)
    if sitting:
        # What he leaves he was last at when it was heard of last, be that days ago.
        read_at = now if goes_on else sitting.beat_at
        sitting.hear(tab=tab, now=now)
        _keep(sitting, history, now=read_at)
    if sitting and goes_on:
        sitting.save()
    else:
        _refuse_unless_readable(**place, chapter_slug=chapter_slug)
        sitting = Sitting.begin(history, tab=tab, chapter_slug=chapter_slug, now=now)
        _enter(history, chapter_slug, now=now)
    history.turn_to(chapter_slug, now=now)
    return _tell(sitting)


def _enter(history: ReadingHistory, chapter_slug: str, *, now: datetime) -> None:
    read = ChapterRead.of(history.history_id, chapter_slug)
    read.add(0, now=now)
    read.save()


def _refuse_unless_readable(*, user_id: str, story_slug: str, chapter_slug: str) -> None:
    open_for(Action.READ, slug=story_slug, caller_id=user_id)
    found = Chapter.objects(slug=chapter_slug, story_slug=story_slug, status="published")
    if found.only("slug").first() is None:
        raise ChapterNotFound


def _keep(sitting: Sitting, history: ReadingHistory, *, now: datetime) -> None:
    """Add a stay's new seconds to its chapter's, and count them where it is a read."""
    more = sitting.unkept
    if not more:
        return
    sitting.kept += more
    read = ChapterRead.of(sitting.history_id, sitting.chapter_slug)
    read.add(more, now=now)
    if sitting.is_read:
        _count(read, history, more=more, now=now)
    read.save()


def _count(read: ChapterRead, history: ReadingHistory, *, more: int, now: datetime) -> None:
    """Count seconds of a read: for the reader, his chapter, its story, and the day."""
    found = Chapter.objects(slug=read.chapter_slug, status="published")
    chapter = found.only("story_slug", "choices", "is_ending").first()
    if chapter is None:
        return  # it was removed while he read it
    if read.qualify(is_ending=chapter.is_ending, now=now):
        history.count(is_ending=chapter.is_ending)
        count_first(chapter, user_id=history.user_id, is_ending=chapter.is_ending)
    counters.add(kind="chapter", key=read.chapter_slug, counts={"stats__total_read_time": more})
    _count_day(read, history, now=now)


def _count_day(read: ChapterRead, history: ReadingHistory, *, now: datetime) -> None:
    day = now.astimezone(UTC).date()
    if read.count_day(day):
        publish(
            StoryRead(
                user_id=history.user_id,
                story_slug=history.story_slug,
                chapter_slug=read.chapter_slug,
                day=day,
                read_at=now,
            )
        )


def _tell(sitting: Sitting, *, is_counted: bool = True) -> Beat:
    return Beat(is_counted, int(sitting.seconds), sitting.is_read)
