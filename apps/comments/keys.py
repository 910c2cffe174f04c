"""Cache keys of comments and how long their lists live."""

from storychain.cache.keys import build_key
from storychain.cache.ttl import TTL

TTL["COMMENT_LIST"] = 60


def comment_list(slug: str, chapter_slug: str, **shape: object) -> str:
    """Key of one page of a chapter's comments, or of the replies to one (`parent`)."""
    return build_key("comment", "list", slug=slug, chapter=chapter_slug, **shape)
