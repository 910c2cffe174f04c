"""What stands before the first chapter of a plain text: title page, notes of others, and text."""

# ruff: noqa: RUF001 - books write such quotation marks
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from apps.imports.blocks import Block, is_rule
from apps.imports.headings import looks_like_title, read_bare_number

NOTE_OF_OTHERS = re.compile(
    r"\[?(original )?transcriber(['’]?s['’]?)? notes?\b[.:]?(?P<text>.*)", re.IGNORECASE
)
BY = re.compile(r"(?:written )?by\s+(\S.*)", re.IGNORECASE)
WORDS = re.compile(r"\w+")
BARE_PAGE, FULL_PAGE = 3, 8  # blocks
NEXT_PARAGRAPH = 2  # lines from the end of one to the begin of the next


class Front(NamedTuple):
    """The blocks that are text, and what to say of the others."""

    blocks: list[Block]
    notes: list[str]


def read_title_page(blocks: Sequence[Block]) -> tuple[str, str]:
    """Return title and author, "" for what the first lines do not say."""
    title, author = "", ""
    for line in (line for block in blocks[:BARE_PAGE] for line in block.lines[:3]):
        text = " ".join(line.strip(" \t_*#=").split())
        if found := BY.fullmatch(text):
            author = author or found[1]
        elif not title and not author and looks_like_title(text) and not read_bare_number(text):
            title = text
        else:
            break
    return title, author


def clear_front(blocks: Sequence[Block], *, title: str, author: str, is_all: bool) -> Front:
    """Take away title, author and a transcriber's note, which all are said elsewhere.

    `is_all` says that no chapters follow: only the first lines are a title page then.
    """
    said, notes = _take_note(blocks)
    if is_all and not said:
        said, notes = list(blocks), []  # nothing tells where the note ends
    known = [words for text in (title, author, f"by {author}") if (words := _words(text)).strip()]
    page = BARE_PAGE if is_all else FULL_PAGE
    kept = [b for b in said[:page] if not all(_is_part(line, known) for line in b.lines)]
    rest = said[page:] if is_all else [b for b in said[page:] if _words(b.text) not in known]
    return Front([*kept, *rest], notes)


def say_left_out(what: str, blocks: Sequence[Block]) -> str:
    """Return a note on blocks that are not in the story."""
    first, last = blocks[0].line, blocks[-1].last
    place = f"lines {first:,} to {last:,}" if last > first else f"line {first:,}"
    return f"{what} was left out ({place})."


def _take_note(blocks: Sequence[Block]) -> tuple[list[Block], list[str]]:
    """Part a transcriber's note from the rest; it ends where more than one line is empty."""
    starts = ((at, found) for at, b in enumerate(blocks) if (found := NOTE_OF_OTHERS.match(b.text)))
    start, found = next(starts, (None, None))
    if start is None or found is None:
        return list(blocks), []
    end = start + (1 if found["text"] else 2)
    for before, block in pairwise(blocks[end - 1 :]):
        if block.line - before.last > NEXT_PARAGRAPH or is_rule(block.text):
            break
        end += 1
    note = say_left_out("A transcriber's note", blocks[start:end])
    return [*blocks[:start], *blocks[end:]], [note]


def _is_part(line: str, known: Sequence[str]) -> bool:
    words = _words(line)
    return any(words in text for text in known) if words.strip() else is_rule(line.strip())


def _words(text: str) -> str:
    return f" {' '.join(WORDS.findall(text.casefold()))} "
