"""What readers get to see of a team, and invited people of their invitations."""

from datetime import datetime

import msgspec

from apps.users.pages import AuthorRef


class CollaboratorView(msgspec.Struct, frozen=True):
    """Somebody who works on a story."""

    user: AuthorRef
    role: str
    accepted_at: datetime | None


class TeamPage(msgspec.Struct, frozen=True):
    """Everybody who works on a story, in the order in which they came."""

    story_slug: str
    items: list[CollaboratorView]


class InvitationView(msgspec.Struct, frozen=True, kw_only=True):
    """An invitation that is still open."""

    story_slug: str
    story_title: str
    user: AuthorRef
    role: str
    invited_by: AuthorRef | None
    invited_at: datetime | None
    expires_at: datetime | None


class InvitationsPage(msgspec.Struct, frozen=True, kw_only=True):
    """Open invitations; `next_cursor` asks for the following ones."""

    items: list[InvitationView]
    next_cursor: str | None = None
    has_more: bool = False


class MyRolePage(msgspec.Struct, frozen=True, kw_only=True):
    """What the caller is to a story (`role` is null for a mere reader) and may do with it."""

    story_slug: str
    role: str | None
    platform_role: str | None
    actions: list[str]
