"""What goes stale when a story changes: the tags first, then one rule per document.

`story:{s}` moves with title, settings, access, status and images; `tree:{s}` with chapters and
their counts. So one new chapter does not sweep ten thousand chapter pages.
"""

from collections.abc import Iterator

from apps.access.documents import Collaborator
from apps.stories.documents import Story
from storychain.cache.invalidation import invalidates
from storychain.cache.tags import Tag, tag
from storychain.documents import Change

SHOWN = (
    "creator_id",
    "title",
    "description",
    "cover_image",
    "settings",
    "tags",
    "warnings",
    "status",
    "is_featured",
)
COUNTED = (
    "stats.total_chapters",
    "stats.total_branches",
    "stats.unique_contributors",
    "last_activity_at",
)
VOTED = ("stats.total_votes", "stats.upvotes", "stats.downvotes", "stats.score", "stats.followers")
LISTS = tag("lists", "stories")
TRENDING = tag("trending", "stories")
"""The order of the trending stories; whoever scores them bumps it when all scores stand."""


def story_tag(slug: str) -> Tag:
    """Whatever shows or obeys this story."""
    return tag("story", slug)


def tree_tag(slug: str) -> Tag:
    """Whatever shows or counts this story's chapters."""
    return tag("tree", slug)


def counts_tag(slug: str) -> Tag:
    """This story's own pages, which show how it is voted for."""
    return tag("counts", slug)


def user_stories_tag(user_id: str) -> Tag:
    """The lists of stories that this person works on."""
    return tag("ustories", user_id)


@invalidates(Story)
def story_changed(change: Change[Story]) -> Iterator[Tag]:
    """A shown change stales the story, a new count what shows counts; both are in every list.

    Votes come in sums (storychain/counters.py) and stale its own pages alone: in a list they are as
    old as the list. Reads stale nothing.
    """
    slug = change.document.slug
    if change.touches(*SHOWN, "updated_at"):
        yield story_tag(slug)
    if change.touches(*COUNTED):
        yield tree_tag(slug)
    if change.touches(*VOTED):
        yield counts_tag(slug)
    if change.touches(*SHOWN, *COUNTED):
        yield LISTS
        yield from _shelves(change)


@invalidates(Collaborator)
def team_changed(change: Change[Collaborator]) -> Iterator[Tag]:
    """Whoever joins or leaves finds the story in, or gone from, his lists."""
    yield user_stories_tag(change.document.user_id)


def _shelves(change: Change[Story]) -> Iterator[Tag]:
    """The lists of whoever started the story and of its team, by which they find it."""
    for story in filter(None, (change.old, change.new)):
        yield from map(user_stories_tag, (story.creator_id, *story.team))
