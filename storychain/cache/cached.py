"""What a cached read comes to: inside the cache an Answer, for its caller a Cached page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, Literal, TypeVar

from storychain.cache import entries
from storychain.cache.tags import Tag

T = TypeVar("T")
State = Literal["HIT", "MISS", "STALE", "BYPASS"]


@dataclass
class Cached(Generic[T]):
    """A page as it is sent, and how it came; `age` in whole seconds.

    `is_stored` says whether the cache had it, or has it from now on.
    """

    body: bytes
    etag: str
    state: State
    age: int
    tags: tuple[Tag, ...]
    decode: Callable[[bytes], T]
    is_stored: bool

    @cached_property
    def value(self) -> T:
        """The page as what its load returned."""
        return self.decode(self.body)


@dataclass(frozen=True)
class Answer:
    """What a read came to; without `pairs` it must not become part of anything stored."""

    body: bytes
    is_absent: bool
    pairs: dict[Tag, bytes] | None
    state: State
    age: int = 0
    etag: str = ""
    is_stored: bool = False

    def show(self, decode: Callable[[bytes], T]) -> Cached[T]:
        """Return it as its caller sees it."""
        return Cached(
            body=self.body,
            etag=self.etag or entries.etag_of(self.body),
            state=self.state,
            age=self.age,
            tags=tuple(self.pairs or ()),
            decode=decode,
            is_stored=self.is_stored,
        )


def answer_of(found: entries.Found) -> Answer:
    """Return what a stored entry says."""
    header = found.header
    pairs = {Tag(name): token for name, token in header.pairs}
    age = found.age // 1000
    return Answer(found.body, header.is_absent, pairs, "HIT", age, header.etag, is_stored=True)
