"""Cache keys of what somebody reads and how long its pages live."""

from storychain.cache.keys import build_key
from storychain.cache.ttl import TTL

TTL["READING_HISTORY"] = 300


def reading_history(user_id: str, **shape: object) -> str:
    """Key of one page of the stories that somebody reads."""
    return build_key("reading", "history", id=user_id, **shape)
