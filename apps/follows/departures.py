"""What becomes of follows when one side of them deletes his account: they end."""

from apps.follows.counts import count_follow
from apps.follows.documents import USER, Follow
from apps.users.departures import STEP, departs
from storychain.documents import unit_of_work


@departs
@unit_of_work
def end_follows(user_id: str) -> int:
    """End what he followed, and what followed him."""
    rows = list(Follow.objects(follower_id=user_id).limit(STEP))
    rows += Follow.objects(kind=USER, following_id=user_id).limit(STEP)
    for row in rows:
        row.delete()
        count_follow(row, by=-1)
    return len(rows)
