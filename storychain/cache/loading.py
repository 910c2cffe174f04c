"""One load under way: the tags that it found, and what nested cached reads hand outward."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from storychain.cache.tags import Tag


class Loading:
    """What a load turned out to depend on.

    `found` are tags whose tokens were not read before the load; `pairs` come from cached reads
    inside it, with tokens that were; `is_tainted` says that something in it must not be stored.
    """

    def __init__(self) -> None:
        """Depend on nothing yet."""
        self.found: set[Tag] = set()
        self.pairs: dict[Tag, bytes] = {}
        self.is_tainted = False

    def take(self, pairs: dict[Tag, bytes] | None) -> None:
        """Take over what a cached read inside depended on; None if that could not be stored."""
        if pairs is None or any(self.pairs.get(name, t) != t for name, t in pairs.items()):
            self.is_tainted = True
        else:
            self.pairs |= pairs


_current: ContextVar[Loading | None] = ContextVar("loading", default=None)


def current_loading() -> Loading | None:
    """Return the load that this code runs in, if any."""
    return _current.get()


def depends_on(*tags: Tag) -> None:
    """Say that what is being loaded depends on these as well; outside a load it does nothing."""
    loading = _current.get()
    if loading is not None:
        loading.found.update(tags)


@contextmanager
def loading() -> Iterator[Loading]:
    """Note what the code inside depends on."""
    started = Loading()
    token = _current.set(started)
    try:
        yield started
    finally:
        _current.reset(token)
