"""Marking a chapter for its story's moderators, once reports or votes say that they should look.

Where none of them may decide on it but whoever wrote it, the platform's look after it.

Who has looked and found nothing clears it: then no score marks it again, only five new reports.
"""

from django.utils import timezone

from apps.access.queries import list_moderators
from apps.access.rules import LOOKS_AFTER_ALL
from apps.chapters.documents import Chapter
from apps.chapters.events import ChapterFlagged
from apps.chapters.limits import FLAG_REPORTS, FLAG_SCORE
from apps.stories.documents import Story
from apps.users.documents import PlatformRole
from storychain.documents import unit_of_work
from storychain.events import publish


@unit_of_work
def count_report(*, slug: str) -> None:
    """Count one more report of a chapter, and flag it if that is enough.

    Two reports at once write the same chapter, so that both are counted.
    """
    chapter = Chapter.count(slug=slug, counts={"stats__reports": 1})
    if chapter is not None:
        flag_if_due(chapter)


@unit_of_work
def flag_if_due(chapter: Chapter) -> None:
    """Flag a chapter whose counts, as they are now, have come that far; its moderators are told."""
    is_disliked = chapter.votes.score <= FLAG_SCORE and not chapter.is_cleared
    is_over = chapter.is_flagged or chapter.status == "removed"
    if is_over or not (is_disliked or chapter.stats.reports >= FLAG_REPORTS):
        return
    chapter.flag()
    story = Story.objects(slug=chapter.story_slug).only("title").get()
    publish(
        ChapterFlagged(
            story_slug=chapter.story_slug,
            story_title=story.title,
            chapter_slug=chapter.slug,
            chapter_title=chapter.title,
            moderator_ids=_list_judges(chapter),
            reports=chapter.stats.reports,
            score=chapter.votes.score,
            flagged_at=timezone.now(),
        )
    )


def _list_judges(chapter: Chapter) -> list[str]:
    """Return who may decide on a chapter: nobody on his own."""
    team = [m for m in list_moderators(story_slug=chapter.story_slug) if m != chapter.author_id]
    return team or [one.user_id for one in PlatformRole.list_all() if one.role in LOOKS_AFTER_ALL]
