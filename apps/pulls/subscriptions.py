"""What follows from what was announced."""

from collections.abc import Iterator

from django.utils import timezone

from apps.chapters.events import ChapterDropped, ChapterEmptied
from apps.pulls.events import JudgeTurned
from apps.pulls.jobs import weigh_judged, withhold_texts
from apps.pulls.withholding import withhold_with_chapter
from storychain.events import subscribes
from storychain.queues.jobs import JobCall


@subscribes(JudgeTurned)
def weigh_what_he_judged(event: JudgeTurned) -> Iterator[JobCall]:
    """What he has judged is weighed by what he may do now."""
    yield weigh_judged.call(story_slug=event.story_slug, user_id=event.user_id)


@subscribes(ChapterEmptied)
def withhold_with_text(event: ChapterEmptied) -> Iterator[JobCall]:
    """What pull requests say goes at once with the chapter's text, beyond some by a job."""
    yield from _withhold(event.chapter_slug)


@subscribes(ChapterDropped)
def withhold_with_place(event: ChapterDropped) -> Iterator[JobCall]:
    """So it does where the chapter leaves no place."""
    yield from _withhold(event.chapter_slug)


def _withhold(chapter_slug: str) -> Iterator[JobCall]:
    if withhold_with_chapter(chapter_slug=chapter_slug, now=timezone.now()):
        yield withhold_texts.call(chapter_slug=chapter_slug)
