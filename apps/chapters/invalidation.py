"""What goes stale when a chapter changes: the tags first, then one rule per document."""

from collections.abc import Iterator

from apps.chapters.documents import Chapter
from apps.stories.invalidation import story_tag, tree_tag
from storychain.cache.invalidation import invalidates
from storychain.cache.tags import Tag, tag
from storychain.documents import Change

SHOWN = (
    "author_id",
    "title",
    "content",
    "choices",
    "status",
    "is_ending",
    "version",
    "publish_at",
    "is_flagged",
)
TALKED_OF = ("votes", "stats.comments", "comments_locked")
SHOWN_IN_TREE = ("author_id", "title", "status", "is_ending", "word_count", "parent_slug")
SHOWN_IN_LIST = (*SHOWN_IN_TREE, "updated_at")


def chapter_tag(slug: str) -> Tag:
    """The page of this chapter."""
    return tag("chapter", slug)


def chapter_list_tag(story_slug: str) -> Tag:
    """The list of this story's chapters, which tells when each was edited last."""
    return tag("chapters", story_slug)


def chapter_page_tags(*, story_slug: str, slug: str) -> list[Tag]:
    """What a chapter's page depends on besides the people that it shows."""
    return [chapter_tag(slug), story_tag(story_slug)]


@invalidates(Chapter)
def chapter_changed(change: Change[Chapter]) -> Iterator[Tag]:
    """A shown change stales the chapter and, as far as they show it, the tree and the list.

    The parent's page goes stale by the parent's own change: its way to the child is stored in it.
    So do the story's counts, which stand in the story. Votes and comments come in sums
    (storychain/counters.py) and stale its page alone: the tree and the list show them as they were.
    """
    chapter = change.document
    if change.touches(*SHOWN, *TALKED_OF):
        yield chapter_tag(chapter.slug)
    if change.touches(*SHOWN_IN_TREE, "choices"):  # ways on are shown with a story's figures
        yield tree_tag(chapter.story_slug)
    if change.touches(*SHOWN_IN_LIST):
        yield chapter_list_tag(chapter.story_slug)
