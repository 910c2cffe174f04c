"""What of a text is shown with a result, and where in it stands what was asked."""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from apps.search.words import Word, split_words, tidy

BEFORE, LENGTH = 60, 200


class Marked(msgspec.Struct, frozen=True):
    """Plain text, never HTML, and where in it stands what was found.

    `marks` are [start, end) in characters (Unicode code points, as in `Array.from(text)`), in their
    order and apart. The text is in NFC.
    """

    text: str
    marks: list[tuple[int, int]]


class Asked(NamedTuple):
    """Words that are marked: these, and what begins with one of `starts`."""

    words: frozenset[str]
    starts: tuple[str, ...]

    def holds(self, word: Word) -> bool:
        """Tell whether this word was asked for."""
        return word.text in self.words or word.text.startswith(self.starts)


def mark(text: str, asked: Asked) -> Marked:
    """Return a whole short text with its marks."""
    tidied = tidy(text)
    return Marked(tidied, _join((w.start, w.end) for w in split_words(tidied) if asked.holds(w)))


def cut(text: str, asked: Asked) -> Marked:
    """Return a piece of a text around the first word that was asked for, else its beginning."""
    flat = " ".join(tidy(text).split())
    first = next((word.start for word in split_words(flat) if asked.holds(word)), 0)
    start = _begin(flat, first)
    end = _end(flat, start + LENGTH)
    piece = mark(flat[start:end], asked)
    head, tail = "…" if start else "", "…" if end < len(flat) else ""
    marks = [(a + len(head), b + len(head)) for a, b in piece.marks]
    return Marked(f"{head}{piece.text}{tail}", marks)


def _begin(text: str, first: int) -> int:
    """Return where a piece begins: behind a space, if there is one on the way."""
    earliest = max(0, first - BEFORE)
    space = text.find(" ", earliest, first) if earliest else -1
    return space + 1 if space >= 0 else earliest


def _end(text: str, latest: int) -> int:
    if latest >= len(text):
        return len(text)
    space = text.rfind(" ", latest - BEFORE, latest)
    return space if space >= 0 else latest


def _join(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return spans as marks: those that overlap or touch are one."""
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
