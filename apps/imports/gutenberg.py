"""Project Gutenberg's frame around a book: what it says of it, and where the book itself stands."""

# ruff: noqa: RUF001 - books write such quotation marks and dashes
import re
from collections.abc import Sequence
from dataclasses import dataclass

from apps.imports.errors import Truncated

START = re.compile(
    r"\*\*\* ?START OF (THE|THIS) PROJECT GUTENBERG|\*END\*? ?THE SMALL PRINT", re.IGNORECASE
)
END = re.compile(
    r"\*\*\* ?END OF (THE|THIS) PROJECT GUTENBERG"
    r"|End of (the )?Project Gutenberg('s|’s)? (EBook|Etext)\b",
    re.IGNORECASE,
)
LAST_WORDS = re.compile(r"End of (the |this )?Project Gutenberg", re.IGNORECASE)
OPENING = re.compile(r"(The )?Project Gutenberg('s|’s)? (EBook|Etext)\b", re.IGNORECASE)
CREDITS = re.compile(
    r"(Produced|Transcribed|Prepared|Scanned|Proofread) (by|from)\b"
    r"|(This )?E-?(text|book) (was )?(prepared|produced) (by|from)\b",
    re.IGNORECASE,
)
FIELD = re.compile(r"(Title|Author):\s*(.*)")
MARKER_LINES = 4  # a long title wraps inside the start marker
FETCH_AGAIN = "Fetch the file again, or remove what is left of the licence."


@dataclass(frozen=True)
class Frame:
    """The book's lines are `lines[first:end]`; `title` and `author` are "" where not given."""

    first: int
    end: int
    title: str = ""
    author: str = ""


def find_frame(lines: Sequence[str]) -> Frame:
    """Return where the book stands: everything, in a file that is not from Project Gutenberg.

    Raise Truncated for a file that has one end of the frame without the other.
    """
    start = _find(START, lines)
    end = _find(END, lines, after=start or 0)
    if start is None:
        return _without_start(lines, end)
    if end is None:
        raise Truncated(
            "The book begins here, but the line that ends it (*** END OF ...) is missing.",
            line=start + 1,
            mend=FETCH_AGAIN,
        )
    fields = _read_fields(lines[:start])
    first = _skip_credits(lines, _end_of_marker(lines, start), end)
    return Frame(
        first,
        _skip_last_words(lines, first, end),
        fields.get("Title", ""),
        fields.get("Author", ""),
    )


def _without_start(lines: Sequence[str], end: int | None) -> Frame:
    opening = next((at for at, line in enumerate(lines) if line.strip()), 0)
    if OPENING.match(lines[opening].strip()):
        raise Truncated(
            "The licence begins here, but the line that starts the book (*** START OF ...) "
            "is missing.",
            line=opening + 1,
            mend=FETCH_AGAIN,
        )
    if end is not None and "***" in lines[end]:
        raise Truncated(
            "The book ends here, but the line that starts it (*** START OF ...) is missing.",
            line=end + 1,
            mend=FETCH_AGAIN,
        )
    return Frame(0, len(lines))


def _find(pattern: re.Pattern[str], lines: Sequence[str], *, after: int = 0) -> int | None:
    found = (at for at in range(after, len(lines)) if pattern.match(lines[at].strip()))
    return next(found, None)


def _end_of_marker(lines: Sequence[str], start: int) -> int:
    for at in range(start, min(start + MARKER_LINES, len(lines))):
        if lines[at].rstrip().endswith(("***", "*END*")):
            return at + 1
    return start + 1


def _skip_credits(lines: Sequence[str], first: int, end: int) -> int:
    """Return where the book begins behind the paragraph that names who typed it in."""
    at = first
    while at < end and not lines[at].strip():
        at += 1
    if at == end or not CREDITS.match(lines[at].strip()):
        return first
    while at < end and lines[at].strip():
        at += 1
    return at


def _skip_last_words(lines: Sequence[str], first: int, end: int) -> int:
    """Return where the book ends before the sentence that says so."""
    filled = [at for at in range(first, end) if lines[at].strip()][-MARKER_LINES:]
    said = [at for at in filled if LAST_WORDS.match(lines[at].strip())]
    return said[0] if said else end


def _read_fields(header: Sequence[str]) -> dict[str, str]:
    """Return title and author; a value goes on until an empty line or the next field."""
    fields: dict[str, str] = {}
    name = ""
    for line in header:
        if found := FIELD.match(line):
            name = found[1]
            fields.setdefault(name, found[2].strip())
        elif not line.strip() or re.match(r"[A-Z][\w ]+:", line):
            name = ""
        elif name:
            fields[name] = f"{fields[name]} {line.strip()}".strip()
    return fields
