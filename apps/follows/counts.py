"""How many follow, and are followed: in sums, as many may follow one person at once."""

from apps.follows.documents import USER, Follow
from apps.users.documents import User
from storychain import counters


def count_follow(follow: Follow, *, by: int) -> None:
    """Note one follow more or less, in the current unit of work: for both sides of it."""
    counters.add(kind=follow.kind, key=follow.following_id, counts={"followers": by})
    if follow.kind == USER:
        counters.add(kind=USER, key=follow.follower_id, counts={"following": by})


@counters.settles(USER)
def count_user(user_id: str, counts: dict[str, int]) -> None:
    """Add to how many follow a person, and how many he follows."""
    User.count_follows(user_id=user_id, counts=counts)
