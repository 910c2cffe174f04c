"""What workers do for moderation: the payload in, one service call."""

from apps.moderation import passing
from storychain.queues.jobs import job
from storychain.queues.topology import CLEANUP


@job(queue=CLEANUP, name="moderation.pass_up")
def pass_up(*, story_slug: str) -> int:
    """Give the platform the reports that nobody in a story may decide on; returns how many.

    Safe to redeliver: what is the platform's is passed over.
    """
    return passing.pass_up(story_slug=story_slug)
