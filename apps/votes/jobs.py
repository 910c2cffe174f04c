"""What workers do for votes: the payload in, one service call."""

from apps.votes import services
from storychain.queues.jobs import job
from storychain.queues.topology import CLEANUP


@job(queue=CLEANUP, name="votes.forget")
def forget_votes(*, kind: str, key: str) -> int:
    """Delete the votes on something that is gone; returns how many there were.

    Safe to redeliver: what is gone is not found again.
    """
    return services.forget_votes(kind=kind, key=key)
