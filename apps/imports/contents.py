"""Which lines of a plain text are a list of its contents or pictures, and not the book."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from apps.imports.blocks import Block
from apps.imports.entries import LONGEST_ENTRY, fold_title, is_label, looks_like_entry
from apps.imports.headings import Heading, looks_like_title, read_heading
from apps.imports.numbering import Head

LEAST_ENTRIES = 3  # with fewer, a book inside a part inside a volume looks the same
MOST_ENTRY_LINES = 4
MOST_TRIES = 4

Heads = Mapping[int, Head]
Places = Mapping[tuple[str, str], Sequence[int]]


@dataclass(frozen=True)
class _Book:
    """The blocks and where each heading and each title comes last: what comes again is listed."""

    blocks: Sequence[Block]
    heads: Heads
    keys: Places
    titles: Mapping[str, int]

    def lists(self, line: str, at: int) -> bool:
        """Tell whether a line of the block there names a chapter that is still to come."""
        if len(line) > LONGEST_ENTRY:
            return False
        heading = read_heading(line)
        if heading and (self._key_comes(heading, at) or self._title_comes(heading.title, at)):
            return True
        return self._title_comes(line, at)

    def lists_at(self, at: int) -> bool:
        """Tell whether a whole block is part of a list."""
        block = self.blocks[at]
        if at in self.heads:
            is_short = len(block.lines) <= MOST_ENTRY_LINES
            return is_short and self._head_comes(self.heads[at].heading, at)
        if len(block.lines) <= MOST_ENTRY_LINES and read_heading(block.lines[0]):
            return self.lists(block.lines[0], at)
        first, *rest = block.lines
        return self.is_like_entry(first, at) and all(
            self.is_like_entry(line, at) or _indent(line) > _indent(first) for line in rest
        )

    def is_like_entry(self, line: str, at: int) -> bool:
        """Tell whether a line would do in a list: it names a chapter, or has a page number."""
        return looks_like_entry(line) or self.lists(line, at)

    def _head_comes(self, heading: Heading, at: int) -> bool:
        if self._key_comes(heading, at):
            return True
        is_listed_before = self.keys[heading.key][0] < at
        return not is_listed_before and self._title_comes(heading.title, at)

    def _key_comes(self, heading: Heading, at: int) -> bool:
        places = self.keys.get(heading.key)
        return places is not None and places[-1] > at

    def _title_comes(self, title: str, at: int) -> bool:
        return self.titles.get(fold_title(title), -1) > at


def find_contents(blocks: Sequence[Block], heads: Heads) -> set[int]:
    """Return the positions of the blocks that list what is to come.

    A list names at least three chapters one under the other, all of which come again; under the
    word "Contents" one is enough, and lines that look like entries belong to it.
    """
    book = _look_ahead(blocks, heads)
    found = set[int]()
    for lines in _find_lists(book, max(heads, default=0)):
        found.update(lines)
    for run in _find_runs(heads):
        found.update(run[: _count_entries(run, heads, book.keys)])
    labels = {at for at, block in enumerate(blocks) if is_label(block)}
    for label in sorted(labels):
        found |= _entries_below(label, book, found, labels)
    return found


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _look_ahead(blocks: Sequence[Block], heads: Heads) -> _Book:
    titles = {}
    for at in sorted(heads):
        head = heads[at]
        below = blocks[at + 1].text if at + 1 < len(blocks) and not head.rest else ""
        for title in (head.heading.title, below if looks_like_title(below) else ""):
            if name := fold_title(title):
                titles[name] = at
    return _Book(blocks, heads, _index_keys(heads), titles)


def _index_keys(heads: Heads) -> Places:
    places: dict[tuple[str, str], list[int]] = {}
    for at in sorted(heads):
        places.setdefault(heads[at].heading.key, []).append(at)
    return places


def _find_lists(book: _Book, end: int) -> Iterator[list[int]]:
    """Return neighbouring blocks that have nothing but entries, up to the last heading."""
    group: list[int] = []
    named = 0
    for at in range(end + 1):
        names = _count_named(book, at) if at < end else 0
        if names:
            group.append(at)
            named += names
        elif group:
            if named >= LEAST_ENTRIES:
                yield group
            group, named = [], 0


def _count_named(book: _Book, at: int) -> int:
    """Return how many chapters to come a block names; 0 if it is no list."""
    lines = book.blocks[at].lines
    if at in book.heads and len(lines) < LEAST_ENTRIES:
        return 0
    if not any(book.lists(line, at) for line in lines[:3]):
        return 0
    alike = sum(book.is_like_entry(line, at) for line in lines)
    return sum(book.lists(line, at) for line in lines) if alike * 2 >= len(lines) else 0


def _find_runs(heads: Heads) -> Iterator[list[int]]:
    """Return headings that follow one another with nothing between."""
    run: list[int] = []
    for at in sorted(heads):
        if run and (run[-1] != at - 1 or heads[run[-1]].rest):
            yield run
            run = []
        run.append(at)
    if run:
        yield run


def _count_entries(run: Sequence[int], heads: Heads, places: Places) -> int:
    """Return how many heads of a run, from its first, list those that come behind them.

    The last ones of a run may be the book's own first: "Book One", "Chapter 1".
    """
    if len(run) < LEAST_ENTRIES:
        return 0
    firsts = {heads[at].heading.key for at in run[:2]}
    again = [n for n, at in enumerate(run) if n > 1 and heads[at].heading.key in firsts]
    counts = [*again[-MOST_TRIES:], *range(len(run) - 2, len(run) + 1)]
    scores = {count: _score(run[:count], heads, places) for count in counts}
    best = max(scores, key=lambda count: (scores[count], count))
    return best if scores[best] >= LEAST_ENTRIES else 0


def _score(entries: Sequence[int], heads: Heads, places: Places) -> int:
    """Return how many of the entries come again in the same order, less twice those that do not."""
    score, place = 0, entries[-1]
    for at in entries:
        later = places[heads[at].heading.key]
        next_place = bisect_right(later, place)
        if next_place < len(later):
            score, place = score + 1, later[next_place]
        else:
            score -= 2
    return score


def _entries_below(label: int, book: _Book, known: set[int], labels: set[int]) -> set[int]:
    """Return the label's position and those of its entries; nothing for a label without any."""
    last = label
    for at in range(label + 1, len(book.blocks)):
        if at in labels:
            break
        if at in known or book.lists_at(at):
            last = at
        elif at - 1 != last or not _is_interruption(at, book):
            break
    return set(range(label, last + 1)) if last > label else set()


def _is_interruption(at: int, book: _Book) -> bool:
    """Tell whether a block may stand between two entries: a preface, or something short."""
    block, head = book.blocks[at], book.heads.get(at)
    if head is not None:
        return not (head.rest or head.heading.is_outer or head.heading.is_chapter)
    return len(block.lines) < MOST_ENTRY_LINES and len(block.text) <= LONGEST_ENTRY
