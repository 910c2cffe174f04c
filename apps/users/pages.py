"""What readers get to see of people."""

from datetime import datetime

import msgspec

from storychain.api.pagination import Page


class AuthorRef(msgspec.Struct, frozen=True):
    """A person beside a work."""

    user_id: str
    username: str
    avatar_url: str = ""


class ProfileStats(msgspec.Struct, frozen=True):
    """What a person has done so far, and who follows him; follows lag by two seconds.

    Stories and chapters that few or none can read count as well, here and for points: how much he
    writes is public, what he writes is not.
    """

    stories_created: int
    chapters_written: int
    total_upvotes: int
    total_downvotes: int
    branches_created: int
    followers: int
    following: int


class ProfilePage(msgspec.Struct, frozen=True, kw_only=True):
    """A person's public page."""

    user_id: str
    username: str
    bio: str
    avatar_url: str
    xp: int
    level: int
    badges: list[str]
    stats: ProfileStats
    created_at: datetime


class PreferencesPage(msgspec.Struct, frozen=True):
    """What a person chose for mail, pushes and looks."""

    email_notifications: bool
    push_notifications: bool
    digest: str
    theme: str


class MailWish(msgspec.Struct, frozen=True):
    """What a member wants to get by mail."""

    user_id: str
    is_active: bool
    email_notifications: bool
    digest: str


class MePage(ProfilePage, frozen=True, kw_only=True):
    """A person's own page: the profile and what only he sees."""

    email: str | None
    email_verified: bool
    preferences: PreferencesPage


class Address(msgspec.Struct, frozen=True):
    """Where somebody's mail goes, and how he is called in it."""

    username: str
    email: str


class SessionView(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in of the caller's; `is_current` is the one that he asks with."""

    session_id: str
    status: str
    is_current: bool
    ip: str
    user_agent: str
    created_at: datetime
    last_active_at: datetime
    expire_at: datetime


class SessionListPage(Page[SessionView], frozen=True, kw_only=True):
    """One page of the caller's sessions; `next_cursor` asks for the following one."""
