"""What this feature announces, to itself alone."""

from storychain.events import Event


class PasswordForgotten(Event, frozen=True, kw_only=True):
    """Somebody of the staff asks for a new password; requests of one name are one."""

    staff_id: int
    username: str
    address: str
    request: str
