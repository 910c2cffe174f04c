"""What collaboration announces."""

from datetime import datetime

from storychain.events import Event


class CollaboratorInvited(Event, frozen=True, kw_only=True):
    """Somebody was asked into a story, and may answer until `expires_at`.

    `address` is where a mail reaches him, if that is known; `inviter` is a name to show.
    """

    story_slug: str
    story_title: str
    user_id: str
    address: str | None
    role: str
    invited_by: str
    inviter: str
    invited_at: datetime
    expires_at: datetime


class InvitationAnswered(Event, frozen=True, kw_only=True):
    """Somebody who was asked into a story has come, or declined; `invited_by` waits for it."""

    story_slug: str
    story_title: str
    user_id: str
    invited_by: str
    invited_at: datetime
    is_accepted: bool


class RoleChanged(Event, frozen=True, kw_only=True):
    """Somebody of a story's team, or who is invited into it, has another part in it."""

    story_slug: str
    user_id: str


class CollaboratorLeft(Event, frozen=True, kw_only=True):
    """Somebody works on a story no longer; `by` is himself if he left."""

    story_slug: str
    user_id: str
    by: str
