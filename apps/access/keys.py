"""Cache keys of standings and how long they live."""

from storychain.cache.keys import build_key
from storychain.cache.ttl import TTL

TTL["COLLABORATOR_ROLE"] = 300


def standing(story_slug: str, user_id: str) -> str:
    """Key of what one person is to one story."""
    return build_key("story", "standing", slug=story_slug, user=user_id)
