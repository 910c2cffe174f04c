"""Cache keys of people and how long their pages live."""

from storychain.cache.keys import build_key
from storychain.cache.ttl import TTL

TTL["USER_PROFILE"] = 3600


def user_profile(user_id: str) -> str:
    """Key of the public profile page."""
    return build_key("user", "profile", id=user_id)
