"""Cache keys of chapters and how long their pages live."""

from storychain.cache.keys import build_key
from storychain.cache.ttl import TTL

TTL.update(STORY_TREE=900, CHAPTER_DETAIL=1800)


def story_tree(slug: str) -> str:
    """Key of a story's whole tree."""
    return build_key("story", "tree", slug=slug)


def story_feed(slug: str) -> str:
    """Key of a story's Atom feed."""
    return build_key("story", "feed", slug=slug)


def chapter_list(slug: str, **shape: object) -> str:
    """Key of one page of a story's chapters."""
    return build_key("chapter", "list", slug=slug, **shape)


def chapter_versions(slug: str, chapter_slug: str, **shape: object) -> str:
    """Key of one page of a chapter's versions."""
    return build_key("chapter", "versions", story=slug, slug=chapter_slug, **shape)


def chapter_version(slug: str, chapter_slug: str, version: int) -> str:
    """Key of one version of a chapter."""
    return build_key("chapter", "version", story=slug, slug=chapter_slug, version=version)


def chapter_diff(slug: str, chapter_slug: str, **shape: object) -> str:
    """Key of what changed between two versions of a chapter."""
    return build_key("chapter", "diff", story=slug, slug=chapter_slug, **shape)


def chapter_detail(slug: str, chapter_slug: str) -> str:
    """Key of a chapter's page: the story's slug, then the chapter's."""
    return build_key("chapter", "detail", story=slug, slug=chapter_slug)


def chapter_draft(slug: str, chapter_slug: str) -> str:
    """Key of a chapter's page before it is published, in the same terms."""
    return build_key("chapter", "draft", story=slug, slug=chapter_slug)
