"""Plain text as blocks: lines that stand together, each a paragraph, a verse or a heading."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from apps.imports.escaping import escape_text, write_paragraph

_RULE = re.compile(r"(?:[*\-_~=#·•—]\s*){3,}$")
LONGEST_RULE = 200  # the expression remembers every one of its repetitions
SCENE_BREAK = "* * *"
ILLUSTRATION = re.compile(r"\[\s*Illustration\s*[:.]?\s*(.*?)\s*\]$", re.IGNORECASE | re.DOTALL)
OPENS_ILLUSTRATION = re.compile(r"\[\s*Illustration\b[^\]]*$", re.IGNORECASE)
COLUMNS = re.compile(r"\S\s{3,}\S")
CAPTION_BLOCKS = 6  # a caption may hold empty lines, but not a chapter
LONG_LINE = 120


@dataclass(frozen=True)
class Block:
    """Lines of a file that stand together; `line` is the number of the first, from 1.

    Between them, only a long caption has empty lines, which `gaps` counts.
    """

    line: int
    lines: tuple[str, ...]
    gaps: int = 0

    @property
    def last(self) -> int:
        """The number of the last line."""
        return self.line + len(self.lines) + self.gaps - 1

    @property
    def text(self) -> str:
        """The lines run together."""
        return " ".join(" ".join(self.lines).split())

    @property
    def is_illustration(self) -> bool:
        """Tell whether this stands for a picture, and is not text."""
        return ILLUSTRATION.match(self.text) is not None

    def to_markdown(self) -> str:
        """Return the block as Markdown; "" for a picture without a caption."""
        if found := ILLUSTRATION.match(self.text):
            return write_paragraph([found[1]]) if found[1] else ""
        if is_rule(self.text):
            return SCENE_BREAK
        return write_paragraph(self.lines, keep_lines=_keeps_lines(self.lines))


def cut_blocks(lines: Sequence[str], *, first_line: int) -> list[Block]:
    """Cut lines into blocks, at empty lines and where a file marks its paragraphs otherwise."""
    filled = [line for line in lines if line.strip()]
    has_long_lines = sum(len(line) > LONG_LINE for line in filled) * 3 > len(filled)
    cut = _cut_each if has_long_lines else _cut_indented
    blocks = (part for block in _cut_at_gaps(lines, first_line) for part in cut(block))
    return list(_join_captions(blocks))


def _cut_at_gaps(lines: Sequence[str], first_line: int) -> Iterator[Block]:
    begun: list[str] = []
    for number, line in enumerate([*lines, ""], start=first_line):
        if line.strip():
            begun.append(line.rstrip())
        elif begun:
            yield Block(number - len(begun), tuple(begun))
            begun = []


def _cut_each(block: Block) -> Iterator[Block]:
    """Take every line as a paragraph: the file was not wrapped."""
    for offset, line in enumerate(block.lines):
        yield Block(block.line + offset, (line,))


def _cut_indented(block: Block) -> Iterator[Block]:
    """Cut where a first line is set in and the following are not, as printers do."""
    inset = [line.startswith(("  ", "\t")) for line in block.lines]
    if not inset[0] or all(inset):
        yield block
        return
    starts = [at for at, is_inset in enumerate(inset) if is_inset]
    for start, end in zip(starts, [*starts[1:], len(inset)], strict=True):
        yield Block(block.line + start, block.lines[start:end])


def _join_captions(blocks: Iterator[Block]) -> Iterator[Block]:
    """Join the blocks of one long caption, up to its closing bracket."""
    held: list[Block] = []
    for block in blocks:
        if not held and not OPENS_ILLUSTRATION.match(block.text):
            yield block
            continue
        held.append(block)
        if "]" in block.text:
            yield _join(held)
            held = []
        elif len(held) == CAPTION_BLOCKS:
            yield from held
            held = []
    yield from held


def _join(blocks: Sequence[Block]) -> Block:
    lines = tuple(line for block in blocks for line in block.lines)
    height = blocks[-1].last - blocks[0].line + 1
    return Block(blocks[0].line, lines, gaps=height - len(lines))


def is_rule(text: str) -> bool:
    """Tell whether a paragraph is nothing but the marks that part scenes."""
    return len(text) <= LONGEST_RULE and _RULE.match(text) is not None


def breaks_early(lines: Sequence[str]) -> list[bool]:
    """Tell of each line but the last whether the next word had had room in it."""
    stripped = [line.strip() for line in lines]
    width = max(map(len, stripped))
    return [
        len(line) + 1 + len(following.split()[0]) <= width for line, following in pairwise(stripped)
    ]


def _keeps_lines(lines: Sequence[str]) -> bool:
    """Tell whether line ends carry meaning: in a table, and in verse, which is set in."""
    if sum(bool(COLUMNS.search(line.strip())) for line in lines) * 2 > len(lines):
        return True
    early = breaks_early(lines)
    is_set_in = all(line.startswith((" ", "\t")) for line in lines)
    return is_set_in and sum(early) * 3 >= len(early) > 0


def escape_title(text: str) -> str:
    """Return a title that does not fit into its field as a paragraph of its own."""
    return f"**{escape_text(text)}**"
