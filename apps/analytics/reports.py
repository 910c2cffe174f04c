"""How a story is read: its own counts, those of its chapters, and its days."""

from datetime import date, timedelta

from apps.analytics import keys
from apps.analytics.documents import DailyStat
from apps.analytics.invalidation import DAYS
from apps.analytics.limits import READ, VIEW
from apps.analytics.pages import AnalyticsPage, DayView, ForkView, SourceView, WayView
from apps.chapters.documents import Chapter
from apps.stories.documents import Story
from apps.stories.errors import StoryNotFound
from apps.stories.invalidation import story_tag, tree_tag
from storychain.cache.region import Cached, Region

FIGURES = Region(
    "story.analytics",
    ttl="STORY_ANALYTICS",
    type=AnalyticsPage,
    reads=("stories", "chapters", "daily_stats"),
)
MOST_FORKS = 100
DIGITS = 4


def get_analytics(*, story_slug: str, days: int, today: date) -> Cached[AnalyticsPage]:
    """Return a story's figures with its last so many days, today the last."""
    return FIGURES.get_or_load(
        keys.story_analytics(story_slug, days=days),
        tags=[story_tag(story_slug), tree_tag(story_slug), DAYS],
        load=lambda: _load(story_slug, days, today),
    )


def _load(slug: str, days: int, today: date) -> AnalyticsPage:
    story = Story.objects(slug=slug).only("stats").first()
    if story is None:
        raise StoryNotFound
    found = Chapter.objects(story_slug=slug, status__in=("published", "removed"))
    shown = found.only("slug", "title", "parent_slug", "choices", "stats", "is_ending")
    chapters = {chapter.slug: chapter for chapter in shown}
    readers = sum(c.stats.unique_readers for c in chapters.values() if c.parent_slug is None)
    completions = sum(chapter.stats.completions for chapter in chapters.values())
    return AnalyticsPage(
        story_slug=slug,
        reads=story.stats.total_reads,
        readers=readers,
        completions=completions,
        finishers=story.stats.finishers,
        completion=_share(story.stats.finishers, readers),
        days=_days(slug, days, today),
        forks=_forks(chapters),
    )


def _days(slug: str, days: int, today: date) -> list[DayView]:
    dates = [(today - timedelta(days=ago)).isoformat() for ago in range(days - 1, -1, -1)]
    found = DailyStat.list_days(scope=f"story:{slug}", dates=dates)
    return [_day(date, found.get(date) or DailyStat()) for date in dates]


def _day(date: str, stat: DailyStat) -> DayView:
    return DayView(
        date=date,
        reads=stat.counts.get(READ, 0),
        readers=stat.people.get(READ, 0),
        views=stat.counts.get(VIEW, 0),
        sources=[SourceView(name, views) for name, views in stat.sources],
    )


def _forks(chapters: dict[str, Chapter]) -> list[ForkView]:
    forks = sorted(
        (chapter for chapter in chapters.values() if chapter.choices),
        key=lambda chapter: (-chapter.stats.unique_readers, chapter.slug),
    )
    return [_fork(chapter, chapters) for chapter in forks[:MOST_FORKS]]


def _fork(chapter: Chapter, chapters: dict[str, Chapter]) -> ForkView:
    readers = chapter.stats.unique_readers
    ways = []
    for choice in chapter.choices:
        target = chapters.get(choice.chapter_slug)
        theirs = target.stats.unique_readers if target else 0
        ways.append(WayView(choice.text, choice.chapter_slug, theirs, _share(theirs, readers)))
    return ForkView(
        chapter_slug=chapter.slug,
        title=chapter.title,
        readers=readers,
        ways=ways,
        drop_off=_share(max(0, readers - chapter.stats.went_on), readers),
    )


def _share(part: int, whole: int) -> float | None:
    return round(min(1.0, part / whole), DIGITS) if whole else None
