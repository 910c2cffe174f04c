"""Chapters that are headed by a number and no word: 1, II., [ 3 ], "IV. A Title"."""

from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise

from apps.imports.blocks import Block
from apps.imports.headings import (
    MOST_LINES,
    Heading,
    looks_like_title,
    read_bare_number,
    tidy_title,
)
from apps.imports.limits import LONGEST_CHAPTER

NESTED = 3  # numbers inside numbers inside numbers; more are no outline
GOES_ON = tuple("abcdefghijklmnopqrstuvwxyz,;-")


@dataclass(frozen=True)
class Head:
    """A heading where it stands, and what text follows it inside its own block."""

    heading: Heading
    rest: tuple[Block, ...] = ()


@dataclass
class _Series:
    """Positions of numbers that count up from 1; `last` is the number that the last one has."""

    places: list[int]
    last: int = 1


@dataclass
class _Count:
    """Numbers of one style, which begin anew in each part of a book."""

    open: list[_Series] = field(default_factory=list)
    closed: list[int] = field(default_factory=list)

    def add(self, at: int, value: int, *, is_new_part: bool) -> None:
        """Take a number, if it is the next one of those that count."""
        if value == 1:
            self._begin(at, is_new_part=is_new_part)
            return
        depth = self._find(value - 1) or self._find(value - 2)  # a number may be misprinted
        if depth:
            # What was counted meanwhile, from 1 up, are sections inside of a chapter.
            del self.open[depth:]
            self.open[-1].places.append(at)
            self.open[-1].last = value

    def close(self) -> list[int]:
        """Return where the numbers stand that count."""
        if not self.closed:
            self.open = [series for series in self.open if len(series.places) > 1]
        self._end_part()
        return sorted(self.closed)

    def _begin(self, at: int, *, is_new_part: bool) -> None:
        if is_new_part:
            self._end_part()
        elif self.open and len(self.open[-1].places) == 1:
            self.open.pop()  # a 1 without a 2
        self.open.append(_Series([at]))

    def _end_part(self) -> None:
        self.closed += [at for series in self.open for at in series.places]
        self.open = []

    def _find(self, last: int) -> int:
        """Return the depth, from 1, of the innermost series that has come so far; 0 for none."""
        depths = range(len(self.open), max(0, len(self.open) - NESTED), -1)
        return next((depth for depth in depths if self.open[depth - 1].last == last), 0)


def find_numbers(blocks: Sequence[Block], *, parts: Collection[int]) -> dict[int, Head]:
    """Return the heads that are bare numbers; `parts` are the positions of a book's parts.

    Of several styles (I and 1) it is the first whose chapters are no longer than a chapter may be,
    else the most frequent.
    """
    styles = _sort_by_style(blocks)
    ends = [*sorted(parts), len(blocks)]
    counted = {style: _count_up(heads, ends) for style, heads in styles.items()}
    usable = [found for found in counted.values() if found and not _are_pages(found, blocks)]
    lengths = [0, *accumulate(len(block.text) for block in blocks)]
    fitting = (found for found in usable if _longest(found, ends, lengths) <= LONGEST_CHAPTER)
    chosen = next(fitting, max(usable, key=len, default=[]))
    heads = {at: head for found in styles.values() for at, head in found.items()}
    return {at: heads[at] for at in chosen}


def continue_numbers(blocks: Sequence[Block], heads: Mapping[int, Head]) -> dict[int, Head]:
    """Return the numbers in whose place stood words before: ADVENTURE VI. ... VII. THE BAND."""
    last = max((at for at, head in heads.items() if head.heading.is_chapter), default=None)
    value = heads[last].heading.value if last is not None else None
    found: dict[int, Head] = {}
    if last is None or not value:
        return found
    for at, head in _read_bare(blocks, after=last):
        if head.heading.title.isupper():
            if head.heading.value != value + 1:
                break
            found[at], value = head, value + 1
    return found


def _sort_by_style(blocks: Sequence[Block]) -> dict[tuple[str, bool], dict[int, Head]]:
    styles: dict[tuple[str, bool], dict[int, Head]] = {}
    for at, head in _read_bare(blocks):
        number = head.heading.number
        kind = "1" if number.isdecimal() else "I" if set(number) <= set("ivxlc") else "one"
        styles.setdefault((kind, bool(head.heading.title)), {})[at] = head
    return styles


def _read_bare(blocks: Sequence[Block], *, after: int = -1) -> Iterator[tuple[int, Head]]:
    for at in range(after + 1, len(blocks)):
        head = _read_head(blocks[at])
        if head and head.heading.value:
            yield at, head


def _read_head(block: Block) -> Head | None:
    """Return the head of a block that is a number, or has one above its title or text."""
    first, *rest = block.lines
    heading = read_bare_number(first)
    if heading is None or not rest:
        return Head(heading) if heading else None
    if heading.title:
        return None  # an entry of a list
    joined = tidy_title(" ".join(rest))
    if len(rest) < MOST_LINES and looks_like_title(joined):
        return Head(Heading("", heading.number, heading.label, joined.rstrip(".")))
    return Head(heading, (Block(block.line + 1, tuple(rest)),))


def _count_up(heads: Mapping[int, Head], ends: Sequence[int]) -> list[int]:
    count, last = _Count(), -1
    for at, head in heads.items():
        is_new_part = bisect_right(ends, last) != bisect_right(ends, at)
        count.add(at, head.heading.value or 0, is_new_part=is_new_part)
        last = at
    return count.close()


def _are_pages(found: Sequence[int], blocks: Sequence[Block]) -> bool:
    """Tell whether the numbers stand in the middle of sentences, as a page's number does."""
    torn = sum(at > 0 and blocks[at - 1].lines[-1].endswith(GOES_ON) for at in found)
    return torn * 2 > len(found)


def _longest(found: Sequence[int], ends: Sequence[int], lengths: Sequence[int]) -> int:
    borders = sorted({*found, *ends})
    return max(lengths[end] - lengths[start] for start, end in pairwise(borders))
