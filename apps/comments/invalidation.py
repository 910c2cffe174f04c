"""What goes stale when a comment changes: the tag first, then the rule."""

from collections.abc import Iterator

from apps.comments.documents import Comment
from storychain.cache.invalidation import invalidates
from storychain.cache.tags import Tag, tag
from storychain.documents import Change


def comments_tag(chapter_slug: str) -> Tag:
    """The lists of this chapter's comments."""
    return tag("comments", chapter_slug)


@invalidates(Comment)
def comment_changed(change: Change[Comment]) -> Iterator[Tag]:
    """Every list of the chapter's comments: roots and replies carry one tag."""
    yield comments_tag(change.document.chapter_slug)
