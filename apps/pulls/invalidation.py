"""What goes stale when a pull request changes: the tags first, then the rule."""

from collections.abc import Iterator

from apps.pulls.documents import PullRequest
from storychain.cache.invalidation import invalidates
from storychain.cache.tags import Tag, tag
from storychain.documents import Change

UNSEEN = ("turns", "events")


def pull_tag(pull_id: str) -> Tag:
    """The page of this pull request."""
    return tag("pr", pull_id)


def story_pulls_tag(story_slug: str) -> Tag:
    """The lists of this story's pull requests."""
    return tag("pulls", story_slug)


@invalidates(PullRequest)
def pull_changed(change: Change[PullRequest]) -> Iterator[Tag]:
    """Its page, and its story's lists, which show all of it but the texts.

    That somebody holds it is shown to nobody.
    """
    stored = {**(change.before or {}), **(change.after or {})}
    if change.touches(*(name for name in stored if name not in UNSEEN)):
        yield pull_tag(change.document.pull_id)
        yield story_pulls_tag(change.document.story_slug)
