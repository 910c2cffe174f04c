"""What goes stale when a person changes.

`user:{u}` moves with what is shown beside works, and so sweeps every page that shows this person;
`profile:{u}` moves with anything. One tag for both would let a person's every new chapter, which
counts up his statistics, sweep all pages of all his stories.
"""

from collections.abc import Iterator

from apps.users.documents import User
from storychain.cache.invalidation import invalidates
from storychain.cache.tags import Tag, tag
from storychain.documents import Change

SHOWN_BESIDE_WORKS = ("username", "avatar_url", "is_active")


def user_tag(user_id: str) -> Tag:
    """Whatever shows this person's name or picture."""
    return tag("user", user_id)


def profile_tag(user_id: str) -> Tag:
    """This person's own page."""
    return tag("profile", user_id)


@invalidates(User)
def user_changed(change: Change[User]) -> Iterator[Tag]:
    """Stale the profile always, the works only when they show what changed."""
    yield profile_tag(change.document.clerk_id)
    if change.touches(*SHOWN_BESIDE_WORKS):
        yield user_tag(change.document.clerk_id)
