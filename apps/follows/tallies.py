"""What follows count for a person."""

from collections.abc import Mapping

from apps.follows.documents import USER, Follow
from apps.users.tallies import tallies
from storychain import counters


@tallies
def count_follows(user_id: str) -> Mapping[str, int]:
    """Count who follows somebody and whom he follows, but for what is still to be settled."""
    waiting = counters.list_pending(kind=USER, key=user_id)
    return {
        "followers": Follow.objects(kind=USER, following_id=user_id).count() - waiting["followers"],
        "following": Follow.objects(follower_id=user_id, kind=USER).count() - waiting["following"],
    }
