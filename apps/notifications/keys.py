"""Cache keys of notifications and how long their pages live."""

from storychain.cache.keys import build_key
from storychain.cache.ttl import TTL

TTL.update(NOTIFICATION_LIST=120, NOTIFICATION_COUNT=120)


def notification_list(user_id: str, **shape: object) -> str:
    """Key of one page of what somebody was told: every parameter that shapes it is in it."""
    return build_key("notification", "list", user=user_id, **shape)


def notification_count(user_id: str) -> str:
    """Key of how much somebody has not read yet."""
    return build_key("notification", "count", user=user_id)
