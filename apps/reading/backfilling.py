"""Counts what people have read before it was counted: by their histories, each read once for ever.

Whoever is counted is not counted again (`counting.py`), so this may run twice, be broken off, and
run while people read. What somebody has had forgotten is not found here, and stays as it was
counted. Days, and the time that was read, are not touched.
"""

from collections.abc import Callable, Collection, Iterator, Sequence

from apps.chapters.documents import Chapter
from apps.reading.counting import count_first, count_way
from apps.reading.documents import ChapterRead, ReadingHistory
from storychain.documents import unit_of_work
from storychain.steps import in_steps

STEP = 25  # reads in one transaction
Report = Callable[[int, int], None]


def backfill(*, report: Report = lambda *_: None) -> int:
    """Count all that histories tell and is not counted; return of how many reads that was.

    `report` hears after each history how many are done, and about how many there are.
    """
    counted = 0
    total = ReadingHistory._get_collection().estimated_document_count()  # noqa: SLF001 - mongoengine has no estimate
    for done, history in enumerate(_walk(), 1):
        counted += _count_history(history)
        report(done, max(done, total))
    return counted


def _walk() -> Iterator[ReadingHistory]:
    """Yield all histories, by their ids: those that are begun meanwhile are counted anyway."""
    after = ""
    while some := _read_behind(after):
        yield from some
        after = some[-1].history_id


def _read_behind(after: str) -> list[ReadingHistory]:
    found = ReadingHistory.objects(history_id__gt=after).only("user_id", "story_slug")
    return list(found.order_by("history_id").limit(STEP))


def _count_history(history: ReadingHistory) -> int:
    found = ChapterRead.objects(history_id=history.history_id, qualified_at__ne=None)
    reads = list(found.only("chapter_slug", "is_ending"))
    slugs = {read.chapter_slug for read in reads}
    return sum(_count_some(history.user_id, some, slugs) for some in in_steps(reads, STEP))


@unit_of_work
def _count_some(user_id: str, reads: Sequence[ChapterRead], slugs: Collection[str]) -> int:
    """Count some reads of a history, of which `slugs` are all; return how many were not yet."""
    wanted = Chapter.objects(slug__in=[read.chapter_slug for read in reads], status="published")
    chapters = {c.slug: c for c in wanted.only("story_slug", "choices", "is_ending")}
    return sum(
        _count(chapters[read.chapter_slug], user_id, slugs, is_ending=read.is_ending)
        for read in reads
        if read.chapter_slug in chapters
    )


def _count(chapter: Chapter, user_id: str, slugs: Collection[str], *, is_ending: bool) -> bool:
    """Count one read, and that he read on, also where the read alone is counted already."""
    is_new = count_first(chapter, user_id=user_id, is_ending=is_ending)
    if any(choice.chapter_slug in slugs for choice in chapter.choices):
        is_new |= count_way(chapter.slug, user_id=user_id)
    return is_new
