"""What goes stale when somebody's part in a story changes."""

from collections.abc import Iterator

from apps.access.documents import Collaborator, StoryBan
from apps.users.documents import PlatformRole
from storychain.cache.invalidation import invalidates
from storychain.cache.tags import Tag, tag
from storychain.documents import Change


def standing_tag(story_slug: str, user_id: str) -> Tag:
    """What one person is to one story."""
    return tag("standing", f"{story_slug}/{user_id}")


def platform_role_tag(user_id: str) -> Tag:
    """Whether somebody looks after the platform."""
    return tag("platform-role", user_id)


def team_tag(story_slug: str) -> Tag:
    """Whoever works on a story, as its pages list them."""
    return tag("team", story_slug)


@invalidates(Collaborator)
def collaborator_changed(change: Change[Collaborator]) -> Iterator[Tag]:
    """A person's standing, and every list of the story's team."""
    row = change.document
    yield standing_tag(row.story_slug, row.user_id)
    yield team_tag(row.story_slug)


@invalidates(StoryBan)
def ban_changed(change: Change[StoryBan]) -> Iterator[Tag]:
    """A ban holds from the next request on."""
    yield standing_tag(change.document.story_slug, change.document.user_id)


@invalidates(PlatformRole)
def platform_role_changed(change: Change[PlatformRole]) -> Iterator[Tag]:
    """A platform role counts for every story at once."""
    yield platform_role_tag(change.document.user_id)
