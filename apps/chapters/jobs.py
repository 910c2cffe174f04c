"""What workers do for chapters: the payload in, one service call."""

from django.utils import timezone

from apps.chapters import appearing, publishing
from storychain.queues.jobs import Priority, job
from storychain.queues.topology import CLEANUP, NOTIFICATION


@job(
    queue=NOTIFICATION,
    name="chapters.publish_due",
    exclusive="chapters.publish_due",
    priority=Priority.URGENT,
)
def publish_due() -> int:
    """Publish the chapters whose time has come; returns how many.

    Safe to redeliver: what is published is due no more.
    """
    return publishing.publish_due(now=timezone.now())


@job(queue=CLEANUP, name="chapters.prune")
def prune(*, chapter_slug: str) -> None:
    """Take a removed chapter that keeps its place for nothing out of the tree.

    Safe to redeliver: what is gone is not found again.
    """
    appearing.prune(slug=chapter_slug)
