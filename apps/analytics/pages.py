"""What a sender of events gets to see."""

import msgspec


class AcceptedEvents(msgspec.Struct, frozen=True):
    """How many events were taken; each is recorded within a second or so, surely and once."""

    accepted: int
