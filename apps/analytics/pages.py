"""What a sender of events gets to see, and what those who lead a story see of its readers."""

import msgspec


class AcceptedEvents(msgspec.Struct, frozen=True):
    """How many events were taken; each is recorded within a second or so, surely and once."""

    accepted: int


class SourceView(msgspec.Struct, frozen=True):
    """From where readers came, and how often."""

    name: str
    views: int


class DayView(msgspec.Struct, frozen=True, kw_only=True):
    """A UTC day of a story.

    `reads` are chapters read by heartbeats (20 s in one stay, signed in), each once a reader and
    day: who reads one again on another day counts on both, but once in the story's own `reads`.
    `readers` are the people behind them. `views` and `sources` are what clients told of its
    opening, and prove nothing.
    """

    date: str
    reads: int
    readers: int
    views: int
    sources: list[SourceView]


class WayView(msgspec.Struct, frozen=True):
    """A choice: how many read where it leads, and which share that is of those who could choose.

    Who came there by another way is among them, so its share is the most that it can be.
    """

    text: str
    chapter_slug: str
    readers: int
    share: float | None


class ForkView(msgspec.Struct, frozen=True, kw_only=True):
    """A chapter with choices: how many read it, and which share of them read none that follows.

    `drop_off` is exact: each reader counts once who has read any chapter to which its ways lead, in
    whichever order. Who had read both before a way joined them counts as having stopped here.
    """

    chapter_slug: str
    title: str
    readers: int
    ways: list[WayView]
    drop_off: float | None


class AnalyticsPage(msgspec.Struct, frozen=True, kw_only=True):
    """How a story is read. A share is from 0 to 1, and null where nobody has read yet.

    `readers` are those of its first chapter, `finishers` those who came to any of its endings, each
    once, and `completion` is their share. `completions` are endings reached: who found three counts
    three times. Counts may lag by two seconds and are read anew after 300; days are counted once a
    day. `forks` are the most read ones.
    """

    story_slug: str
    reads: int
    readers: int
    completions: int
    finishers: int
    completion: float | None
    days: list[DayView]
    forks: list[ForkView]
