"""What workers do for pull requests: the payload in, one service call."""

from django.utils import timezone

from apps.pulls import judging, withholding
from storychain.queues.jobs import job
from storychain.queues.topology import CLEANUP


@job(queue=CLEANUP, name="pulls.weigh")
def weigh_judged(*, story_slug: str, user_id: str) -> int:
    """Weigh what somebody has judged in a story by what he may do now; returns how much that is.

    Safe to redeliver: it is counted anew.
    """
    return judging.weigh_all(story_slug=story_slug, user_id=user_id, now=timezone.now())


@job(queue=CLEANUP, name="pulls.withhold")
def withhold_texts(*, chapter_slug: str) -> None:
    """Take the words of a chapter that is removed from the pull requests that are left with them.

    Safe to redeliver: what is withheld is not found again.
    """
    while withholding.withhold_with_chapter(chapter_slug=chapter_slug, now=timezone.now()):
        pass
