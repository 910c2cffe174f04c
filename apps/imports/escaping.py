"""Plain text as Markdown that shows exactly this text, with _italics_ as the only mark-up.

The dialect is that of `apps.chapters.text`: CommonMark with ~~strikethrough~~, raw HTML as text.
Source of the rules: https://spec.commonmark.org/0.31.2/, sections 2.4, 4.1 to 4.3, 5.1, 5.2, 6.2.
"""

# ruff: noqa: RUF001 - books write such quotation marks and dashes
import re
from collections.abc import Sequence

HARD_BREAK = "\\\n"
# Space, start, end or a mark: beside one of these a `*` opens or closes what it should.
_EDGE = r"\s!-/:-@\[-^`{-~‘’“”«»‹›„‚—–…"
# Before a letter a `*` opens even inside a word: 31_st_.
_ITALICS = re.compile(
    rf"(?:(?<![^{_EDGE}])_(?![\s_])|(?<!_)_(?=[^\W_]))([^_]*[^\s_])_(?![^{_EDGE}])"
)
_INLINE = re.compile(r"[\\`*_\[\]<~]|&(?=[#A-Za-z])")
_AT_START = re.compile(r"(?:#{1,6}(?=\s|$)|[-+](?=\s|$)|>|[-=]+\s*$)")
_NUMBERED = re.compile(r"(\d{1,9})([.)])(?=\s|$)")


def escape_text(text: str) -> str:
    """Return Markdown of one line of text, without any mark-up."""
    return _guard_start(_escape_inline(text.strip()))


def write_paragraph(lines: Sequence[str], *, keep_lines: bool = False) -> str:
    """Return a paragraph of these lines, run together as prose or, as verse, kept apart.

    What stands between two underscores becomes italic where that is certain to be meant.
    """
    if not keep_lines:
        return _mark_up(" ".join(" ".join(lines).split()))
    kept = [_mark_up(" ".join(line.split())) for line in lines]
    return HARD_BREAK.join(line for line in kept if line)


def _mark_up(text: str) -> str:
    parts = _ITALICS.split(text)
    for position, part in enumerate(parts):
        escaped = _escape_inline(part)
        parts[position] = f"*{escaped}*" if position % 2 else escaped
    return _guard_start("".join(parts))


def _escape_inline(text: str) -> str:
    return _INLINE.sub(r"\\\g<0>", text)


def _guard_start(line: str) -> str:
    """Keep a line from being read as a heading, list, quotation, rule or underline."""
    if _AT_START.match(line):
        return "\\" + line
    return _NUMBERED.sub(r"\1\\\2", line, count=1) if _NUMBERED.match(line) else line
