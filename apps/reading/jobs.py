"""What workers do for reading: the payload in, one service call."""

from apps.reading import services
from storychain.queues.jobs import job
from storychain.queues.topology import CLEANUP


@job(queue=CLEANUP, name="reading.forget", attempts=8)
def forget(*, history_id: str) -> int:
    """Delete what was read in a history that its reader wants to be forgotten.

    Safe to redeliver: what is gone is not found again.
    """
    return services.forget_reads(history_id=history_id)
