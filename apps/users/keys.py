"""Cache keys of people and how long their pages live."""

from storychain.cache.keys import build_key
from storychain.cache.ttl import TTL

TTL.update(USER_PROFILE=3600, SESSION=3600)


def user_profile(user_id: str) -> str:
    """Key of the public profile page."""
    return build_key("user", "profile", id=user_id)


def session(session_id: str, user_id: str) -> str:
    """Key of whether a session's tokens hold."""
    return build_key("user", "session", id=user_id, session=session_id)
