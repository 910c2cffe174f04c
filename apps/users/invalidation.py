"""What goes stale when a person changes.

`user:{u}` moves with what is shown beside works, and so sweeps every page that shows this person;
`profile:{u}` moves with all that the profile shows. One tag for both would let a person's every new
chapter, which counts up his statistics, sweep all pages of all his stories.
"""

from collections.abc import Iterator

from apps.users.documents import PlatformBan, Session, User
from storychain.cache.invalidation import invalidates
from storychain.cache.tags import Tag, tag
from storychain.documents import Change

SHOWN_BESIDE_WORKS = ("username", "avatar_url", "is_active")
SHOWN_IN_PROFILE = (*SHOWN_BESIDE_WORKS, "bio", "xp", "level", "badges", "stats", "created_at")


def user_tag(user_id: str) -> Tag:
    """Whatever shows this person's name or picture."""
    return tag("user", user_id)


def profile_tag(user_id: str) -> Tag:
    """This person's own page."""
    return tag("profile", user_id)


def session_tag(session_id: str) -> Tag:
    """Whether the tokens of this session hold."""
    return tag("session", session_id)


def platform_ban_tag(user_id: str) -> Tag:
    """Whether this person is banned from the platform."""
    return tag("platform-ban", user_id)


@invalidates(PlatformBan)
def platform_ban_changed(change: Change[PlatformBan]) -> Iterator[Tag]:
    """A ban holds, and ends, with the next request."""
    yield platform_ban_tag(change.document.user_id)


@invalidates(User)
def user_changed(change: Change[User]) -> Iterator[Tag]:
    """Stale the profile and the works, each only when it shows what changed."""
    if change.touches(*SHOWN_IN_PROFILE):
        yield profile_tag(change.document.clerk_id)
    if change.touches(*SHOWN_BESIDE_WORKS):
        yield user_tag(change.document.clerk_id)


@invalidates(Session)
def session_changed(change: Change[Session]) -> Iterator[Tag]:
    """Stale what says whether its tokens hold when that changes, not at every sign of life."""
    if _is_over(change.old) != _is_over(change.new):
        yield session_tag(change.document.session_id)


def _is_over(session: Session | None) -> bool:
    return session is not None and session.status != "active"
