"""Where the chapters of a plain text begin: its headings, without those that only list them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from apps.imports.blocks import Block, breaks_early
from apps.imports.contents import find_contents
from apps.imports.headings import (
    LONGEST,
    MOST_LINES,
    Heading,
    looks_like_title,
    read_heading,
    tidy_title,
)
from apps.imports.listing import find_listed
from apps.imports.numbering import Head, continue_numbers, find_numbers

SENTENCES = re.compile(r"[.!?]\W*—|[^\W\d]{3}[.!?]\s+\S")  # a title of two lines is one sentence
CAPTION = re.compile(r"\[\s*Illustration\s*[:.]?\s*", re.IGNORECASE)
FEW = 2  # one chapter that counts is no outline; perhaps it is a word of the text


@dataclass(frozen=True)
class Outline:
    """The heads by the positions of their blocks, and the blocks that are a list of contents."""

    heads: Mapping[int, Head]
    contents: set[int]


def draw_outline(blocks: Sequence[Block]) -> Outline:
    """Return where chapters begin.

    Headings in words come first ("Chapter 1"); where a book has none, numbers alone; where it has
    none of these either, the titles that its table of contents names.
    """
    named = {at: head for at, block in enumerate(blocks) if (head := read_head(block))}
    listed = find_contents(blocks, named)
    real = {at: head for at, head in named.items() if at not in listed}
    if sum(head.heading.is_chapter for head in real.values()) >= FEW:
        heads = {**named, **continue_numbers(blocks, real)}
    else:
        parts = {at for at, head in real.items() if head.heading.is_outer}
        heads = {**named, **(find_numbers(blocks, parts=parts) or find_listed(blocks))}
    contents = find_contents(blocks, heads)
    return Outline({at: heads[at] for at in sorted(heads) if at not in contents}, contents)


def read_head(block: Block) -> Head | None:
    """Return the head that a block begins with, or that a picture above a chapter ends with."""
    first, *rest = block.lines
    if block.is_illustration:
        return _read_caption(block)
    heading = read_heading(first)
    if heading is None or not rest:
        return Head(heading) if heading else None
    if title := _join_title(block, heading):
        return Head(replace(heading, title=title))
    if heading.title and not (first.split()[0].isupper() and breaks_early(block.lines)[0]):
        return None  # a paragraph that speaks of a chapter
    return Head(heading, (Block(block.line + 1, tuple(rest)),))


def _join_title(block: Block, heading: Heading) -> str:
    """Return a title that goes on, or stands, on the lines below; "" where text stands there."""
    rest = block.lines[1:]
    if len(block.lines) > MOST_LINES or len(block.text) > LONGEST or read_heading(rest[0]):
        return ""
    joined = tidy_title(" ".join(rest))
    if not heading.title:
        return joined.rstrip(".") if looks_like_title(joined) else ""
    whole = f"{heading.title} {joined}"
    return whole.rstrip(".") if whole.isupper() or not SENTENCES.search(whole) else ""


def _read_caption(block: Block) -> Head | None:
    """Read "[Illustration: words and CHAPTER I.]", where the heading is part of the picture."""
    *above, last = block.lines
    heading = read_heading(CAPTION.sub("", last).strip().removesuffix("]"))
    if heading is None or not (above or CAPTION.match(last)):
        return None
    words = [line for line in above if CAPTION.sub("", line).strip()]
    if not words:
        return Head(heading)
    return Head(heading, (Block(block.line, (*above[:-1], f"{above[-1]}]")),))
