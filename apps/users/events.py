"""What people's accounts announce."""

from datetime import datetime

from storychain.events import Event


class AddressLearned(Event, frozen=True, kw_only=True):
    """A member's e-mail address is known from now on: as a rule when he arrives."""

    user_id: str
    username: str
    email: str


class UserDeleted(Event, frozen=True, kw_only=True):
    """An account is gone; what hangs on it is still to be cleared away."""

    user_id: str
    deleted_at: datetime


class BadgeEarned(Event, frozen=True, kw_only=True):
    """Somebody has earned a badge, for good; `title` is how it is called."""

    user_id: str
    badge: str
    title: str
