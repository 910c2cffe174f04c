"""What workers do for accounts: the payload in, one service call."""

from django.conf import settings

from apps.users import departures
from storychain.queues.jobs import PermanentError, current, job
from storychain.queues.topology import CLEANUP

ATTEMPTS = 8


@job(queue=CLEANUP, name="users.clear_away", exclusive="{user_id}", attempts=ATTEMPTS)
def clear_away(*, user_id: str, is_last: bool = False) -> int:
    """Clear away what a deleted account has left; returns how many things that were.

    Twice: when it was deleted, a request of his may have been under way, and have stored what came
    of it behind the first pass's back. Safe to redeliver: what is gone is not found again.
    """
    run = current()
    try:
        done = departures.clear_away(user_id=user_id, done=run.reported, report=run.progress)
    except departures.StillThere as error:
        raise PermanentError(f"{user_id} is not deleted") from error
    if not is_last:
        job_id, delay = f"gone:{user_id}:last", settings.UNIT_OF_WORK_SECONDS
        clear_away.enqueue(job_id=job_id, delay=delay, user_id=user_id, is_last=True)
    return done
