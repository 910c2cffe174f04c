"""What workers do for accounts: the payload in, one service call."""

from apps.users import departures
from storychain.queues.jobs import PermanentError, current, job
from storychain.queues.topology import CLEANUP

ATTEMPTS = 8


@job(queue=CLEANUP, name="users.clear_away", exclusive="{user_id}", attempts=ATTEMPTS)
def clear_away(*, user_id: str) -> int:
    """Clear away what a deleted account has left; returns how many things that were.

    Safe to redeliver: what is gone is not found again.
    """
    run = current()
    try:
        return departures.clear_away(user_id=user_id, done=run.reported, report=run.progress)
    except departures.StillThere as error:
        raise PermanentError(f"{user_id} is not deleted") from error
