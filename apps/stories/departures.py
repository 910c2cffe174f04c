"""What becomes of stories' timelines when somebody in them deletes his account."""

from apps.stories.documents import Moment
from apps.users.departures import STEP, departs
from storychain.documents import unit_of_work


@departs
@unit_of_work
def leave_timelines(user_id: str) -> int:
    """Leave what somebody did, and what was done with him, to the orphan."""
    return Moment.orphan(user_id, most=STEP)
