"""What goes of votes with the person who voted: who it was. What they count for stays."""

from apps.users.departures import STEP, departs
from apps.votes.documents import Vote
from storychain.documents import unit_of_work


@departs
@unit_of_work
def forget_votes(user_id: str) -> int:
    """Forget what somebody voted."""
    return int(Vote.objects(user_id=user_id).at_most(STEP).delete())
