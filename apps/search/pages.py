"""What is shown of what was found."""

import msgspec

from apps.search.excerpts import Marked
from apps.stories.pages import StoryRef
from apps.users.pages import AuthorRef
from storychain.api.pagination import Page


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """A story, chapter, user or tag that was found.

    `key` is its slug, its id, or the tag as the lists take it; `title` a user's or tag's name.
    `excerpt` is of the description, the text, or what a user says of himself, with the first of
    what was asked. `author` is none of a user's or tag's, and only a chapter has a `story`.
    """

    type: str
    key: str
    title: Marked
    excerpt: Marked | None = None
    author: AuthorRef | None = None
    story: StoryRef | None = None


class SearchPage(Page[Hit], frozen=True, kw_only=True):
    """One page of what was found; `next_cursor` asks for the following one."""
