"""What somebody's first read of a chapter counts for: each of it once for ever (`CountedRead`).

For the chapter he is one of its `unique_readers`; at an ending one of its `completions`, and for
the story, once, one of its `finishers`. Where he has read both a chapter and one that its ways lead
to, in whichever order, he is one of those who `went_on`: so drop-off at it is exact.
"""

from apps.chapters.documents import Chapter
from apps.reading.documents import CountedRead
from storychain import counters


def count_first(chapter: Chapter, *, user_id: str, is_ending: bool) -> bool:
    """Count somebody who has read a chapter, in the current unit of work; tell if he was not yet.

    Of the chapter are needed its story, and its ways on.
    """
    if is_ending:
        _count_end(chapter, user_id)
    if not CountedRead.claim(user_id=user_id, chapter_slug=chapter.slug):
        return False
    once = {"reads": 1, "unique_readers": 1, "completions": int(is_ending)}
    _add("chapter", chapter.slug, once)
    counters.add(kind="story", key=chapter.story_slug, counts={"total_reads": 1})
    _count_ways(chapter, user_id)
    return True


def count_way(chapter_slug: str, *, user_id: str) -> bool:
    """Count somebody among those who have read on from a chapter; tell if he was not yet."""
    is_new = CountedRead.claim_way(user_id=user_id, chapter_slug=chapter_slug)
    if is_new:
        _add("chapter", chapter_slug, {"went_on": 1})
    return is_new


def _count_end(chapter: Chapter, user_id: str) -> None:
    if CountedRead.claim_end(user_id=user_id, story_slug=chapter.story_slug):
        counters.add(kind="story", key=chapter.story_slug, counts={"finishers": 1})


def _count_ways(chapter: Chapter, user_id: str) -> None:
    """Count him for what led to this chapter, and for it if he has read what follows before."""
    before = Chapter.objects(story_slug=chapter.story_slug, choices__chapter_slug=chapter.slug)
    for slug in before.scalar("slug"):
        if CountedRead.holds_any(user_id=user_id, chapter_slugs=[slug]):
            count_way(slug, user_id=user_id)
    following = (choice.chapter_slug for choice in chapter.choices)
    if CountedRead.holds_any(user_id=user_id, chapter_slugs=following):
        count_way(chapter.slug, user_id=user_id)


def _add(kind: str, key: str, stats: dict[str, int]) -> None:
    counters.add(kind=kind, key=key, counts={f"stats__{name}": n for name, n in stats.items()})
