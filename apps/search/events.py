"""What search announces to itself."""

from storychain.events import Event


class TextsChanged(Event, frozen=True, kw_only=True):
    """A write has changed what these things are found by.

    `things` are `kind:key`, `stories` those whose chapters are all concerned. `is_unknown` where
    nobody knows which.
    """

    things: list[str]
    stories: list[str]
    is_unknown: bool
