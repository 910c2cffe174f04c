"""Many things, some at a time."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def in_steps(things: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield lists of `size` things, the last one with what is left; none is read before its turn.

    What itertools.batched is from Python 3.12 on.
    """
    remaining = iter(things)
    while some := list(islice(remaining, size)):
        yield some
