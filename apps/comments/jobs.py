"""What workers do for comments: the payload in, one service call."""

from apps.comments import services
from storychain.queues.jobs import job
from storychain.queues.topology import CLEANUP


@job(queue=CLEANUP, name="comments.clear_chapter")
def clear_chapter(*, chapter_slug: str) -> int:
    """Delete what was said below a chapter that is gone; returns how much there was.

    Safe to redeliver: what is gone is not found again.
    """
    return services.clear_chapter(chapter_slug=chapter_slug)
