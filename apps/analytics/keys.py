"""The cache key of a story's figures, and how long they live."""

from storychain.cache.keys import build_key
from storychain.cache.ttl import TTL

TTL.update(STORY_ANALYTICS=300)


def story_analytics(slug: str, *, days: int) -> str:
    """Key of a story's figures of its last so many days."""
    return build_key("story", "analytics", slug=slug, days=days)
