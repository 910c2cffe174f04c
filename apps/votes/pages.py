"""What somebody gets to see of his own votes."""

import msgspec


class MyVote(msgspec.Struct, frozen=True):
    """The caller's vote as it is now: 1, -1, or 0 for none."""

    value: int


class VoteView(msgspec.Struct, frozen=True, kw_only=True):
    """A vote of the caller's: on a story, chapter or comment (`kind`), by its slug or id."""

    kind: str
    key: str
    value: int
