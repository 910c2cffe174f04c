"""What a line in a list of contents looks like: a number, a title, dots, a page."""

import re

from apps.imports.blocks import ILLUSTRATION, Block
from apps.imports.headings import tidy_title

_LABEL = re.compile(
    r"(table of |list of )?(contents|illustrations|chapters)[.:]?$|inhalt$|table des matières$",
    re.IGNORECASE,
)
_ENTRY = re.compile(
    r"(\d{1,4}|[ivxlc]+)([.:)]\s+|\s{2,})\S"
    r"|.*(\s{2,}|\.\s?\.)\s*(\d+|[ivxlc]+)$|(chapter|page|chap\.)\s*(page)?$",
    re.IGNORECASE,
)
# Around a title in a list: its number, and dots or space that lead to its page.
_NUMBER = re.compile(r"\A\s*(?:\d{1,4}|[ivxlc]+)[.:)]?\s+", re.IGNORECASE)
_PAGE = re.compile(r"[\s.]{2,}(?:\d+|[ivxlc]+)\s*$", re.IGNORECASE)
_WORD = re.compile(r"\w+")
LONGEST_ENTRY, LONGEST_TITLE = 100, 300


def is_label(block: Block) -> bool:
    """Tell whether a block says that a list follows: "Contents"."""
    found = ILLUSTRATION.match(block.text)
    return _LABEL.match(tidy_title(found[1] if found else block.text)) is not None


def looks_like_entry(line: str) -> bool:
    """Tell whether a line begins with a number, or ends with that of a page."""
    return len(line) <= LONGEST_ENTRY and _ENTRY.match(line.strip()) is not None


def take_title(line: str) -> str:
    """Return what an entry is the title of, without the numbers around it."""
    if len(line) > LONGEST_TITLE:
        return line
    return _NUMBER.sub("", _PAGE.sub("", line.strip()))


def fold_title(line: str) -> str:
    """Return the words by which an entry and the title that it stands for are the same."""
    words = _WORD.findall(take_title(line).casefold())
    return " ".join(words) if any(not word.isdecimal() for word in words) else ""
