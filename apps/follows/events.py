"""What following announces."""

from storychain.events import Event


class UserFollowed(Event, frozen=True, kw_only=True):
    """Somebody follows another person from now on."""

    follower_id: str
    user_id: str
