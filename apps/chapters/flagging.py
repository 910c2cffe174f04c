"""Marking a chapter for its story's moderators, once reports or votes say that they should look.

Who has looked and found nothing clears it: then no score marks it again, only five new reports.
"""

from django.utils import timezone

from apps.access.documents import ROLES, Collaborator
from apps.access.rules import MODERATOR
from apps.chapters.documents import Chapter
from apps.chapters.events import ChapterFlagged
from apps.chapters.limits import FLAG_REPORTS, FLAG_SCORE
from apps.stories.documents import Story
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
            moderator_ids=_moderators(chapter.story_slug),
            reports=chapter.stats.reports,
            score=chapter.votes.score,
            flagged_at=timezone.now(),
        )
    )


def _moderators(story_slug: str) -> list[str]:
    team = Collaborator.objects(
        story_slug=story_slug, status="accepted", role__in=ROLES[MODERATOR:]
    )
    return sorted(row.user_id for row in team.only("user_id"))
