"""Cache keys of teams and how long their pages live."""

from storychain.cache.keys import build_key
from storychain.cache.ttl import TTL

TTL["COLLABORATOR_LIST"] = 900


def collaborator_list(slug: str) -> str:
    """Key of a story's team."""
    return build_key("story", "collaborators", slug=slug)


def my_role(slug: str, user_id: str) -> str:
    """Key of what one person may do with a story."""
    return build_key("story", "my-role", slug=slug, user=user_id)
