"""What people's accounts announce."""

from storychain.events import Event


class AddressLearned(Event, frozen=True, kw_only=True):
    """A member's e-mail address is known from now on: as a rule when he arrives."""

    user_id: str
    username: str
    email: str
