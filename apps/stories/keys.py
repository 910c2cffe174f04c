"""Cache keys of stories and how long their pages live."""

from storychain.cache.keys import build_key
from storychain.cache.ttl import TTL

TTL.update(
    STORY_DETAIL=3600,
    STORY_OVERVIEW=1800,
    STORY_SETTINGS=3600,
    STORY_LIST_PUBLISHED=300,
    STORY_LIST_NEW=300,
    STORY_LIST_TRENDING=2700,
    STORY_LIST_FEATURED=900,
    USER_STORIES=600,
    USER_DRAFTS=300,
)


def story_facts(slug: str) -> str:
    """Key of what permissions depend on."""
    return build_key("story", "facts", slug=slug)


def story_detail(slug: str) -> str:
    """Key of a story's page."""
    return build_key("story", "detail", slug=slug)


def story_overview(slug: str) -> str:
    """Key of a story's page with its team and first chapters."""
    return build_key("story", "overview", slug=slug)


def story_settings(slug: str) -> str:
    """Key of what its owners decided about a story."""
    return build_key("story", "settings", slug=slug)


def story_list(kind: str, **shape: object) -> str:
    """Key of one page of a list: every parameter that shapes the page is in it."""
    return build_key("story", f"list-{kind}", **shape)


def user_stories(user_id: str, **shape: object) -> str:
    """Key of one page of a person's public stories."""
    return build_key("user", "stories", id=user_id, **shape)


def my_stories(user_id: str, **shape: object) -> str:
    """Key of one page of what a person works on."""
    return build_key("user", "my-stories", id=user_id, **shape)


def my_drafts(user_id: str, **shape: object) -> str:
    """Key of one page of the drafts among it."""
    return build_key("user", "drafts", id=user_id, **shape)
