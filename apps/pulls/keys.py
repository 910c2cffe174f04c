"""Cache keys of pull requests and how long their pages live."""

from storychain.cache.keys import build_key
from storychain.cache.ttl import TTL

TTL["PULL_REQUEST"] = 300


def pull_detail(pull_id: str) -> str:
    """Key of a pull request's page."""
    return build_key("pull", "detail", id=pull_id)


def pull_list(slug: str, **shape: object) -> str:
    """Key of one page of a story's pull requests: every parameter that shapes it is in it."""
    return build_key("pull", "list", slug=slug, **shape)
