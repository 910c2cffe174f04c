"""What people wrote, as tokens that are nothing but text and its marks.

A file that is read offline fetches nothing and leads nowhere by surprise: pictures become links,
links that are not plain web or mail addresses become their text, and characters that XML has no
place for are left out.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from markdown_it.token import Token

from apps.chapters.text import parse_markdown

DEEPEST = 20
"""Marks inside marks beyond this depth are dropped: no reader shows them, and writers recurse."""

# XML 1.0, section 2.2, without the discouraged controls; U+0085, U+2028 and U+2029 end a line.
_NO_TEXT = re.compile("[^\t\n -~\xa0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0010ffff]")
_LINE_ENDS = re.compile("\r\n?|[\x85\u2028\u2029]")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_PATH = r"(?:[A-Za-z0-9._~:/?@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*"
_HOST = rf"(?P<host>{_LABEL}(?:\.{_LABEL})*)"
_WEB = re.compile(rf"https?://{_HOST}(?::\d{{1,4}})?(?:[/?]{_PATH})?(?:#{_PATH})?", re.IGNORECASE)
_MAIL = re.compile(rf"mailto:[a-z0-9._+-]+@{_HOST}", re.IGNORECASE)


def clean_text(text: str) -> str:
    """Return the text without characters that a book cannot hold."""
    return _NO_TEXT.sub("", _LINE_ENDS.sub("\n", text))


def clean_line(text: str) -> str:
    """Return the text on one line, without characters that a book cannot hold."""
    return " ".join(clean_text(text).split())


def read_tokens(markdown: str, *, deeper: int) -> Iterator[Token]:
    """Yield the block tokens of a chapter, cleaned, with its headings `deeper` levels down."""
    in_heading = False
    for token in parse_markdown(clean_text(markdown)):
        if token.type in ("heading_open", "heading_close"):
            in_heading = token.nesting == 1
            level = min(int(token.tag[1]) + deeper, 6)
            yield replace(token, tag=f"h{level}", markup="#" * level)
        elif token.type == "inline":
            yield replace(token, children=list(_clean_line(token.children or [], flat=in_heading)))
        elif token.type in ("fence", "code_block"):
            yield replace(token, content=_end_line(token.content), info="")
        else:
            yield token


def _flatten(text: str) -> str:
    """Clean words once more: a character reference may stand for what was left out before."""
    return clean_text(text).replace("\n", " ")


def _end_line(text: str) -> str:
    """End the last line: that of a fence which nobody closed does not end by itself."""
    return text if not text or text.endswith("\n") else text + "\n"


def _clean_line(tokens: Iterable[Token], *, flat: bool) -> Iterator[Token]:
    """Join neighbouring texts again, as writers look at one text at a time."""
    text = ""
    for token in _drop_marks(tokens):
        if token.type == "text":
            text += _flatten(token.content)
            continue
        if text:
            yield Token("text", "", 0, content=text)
        text = ""
        breaks = flat and token.type == "hardbreak"
        yield Token("softbreak", "br", 0) if breaks else token
    if text:
        yield Token("text", "", 0, content=text)


def _drop_marks(tokens: Iterable[Token]) -> Iterator[Token]:
    kept: list[str] = []  # per mark that is open: its type, or nothing where it was dropped
    for token in tokens:
        if token.type == "image":
            yield from _name_picture(token, linked="link_open" in kept)
        elif token.nesting == 1:
            sound = len(kept) < DEEPEST and (token.type != "link_open" or _leads_out(token))
            kept.append(token.type if sound else "")
            if sound:
                yield _without_extras(token)
        elif token.nesting == 0 or kept.pop():
            yield token


def _name_picture(token: Token, *, linked: bool) -> Iterator[Token]:
    text = Token("text", "", 0, content=_flatten(token.content) or "image")
    link = Token("link_open", "a", 1, attrs={"href": token.attrs["src"]})
    if linked or not _leads_out(link):
        yield text
    else:
        yield from (link, text, Token("link_close", "a", -1))


def _leads_out(link: Token) -> bool:
    href = str(link.attrs["href"])
    found = _WEB.fullmatch(href) or _MAIL.fullmatch(href)
    return bool(found and _is_host(found["host"]))


def _is_host(name: str) -> bool:
    try:
        return bool(name.encode().decode("idna"))
    except UnicodeError:
        return False


def _without_extras(token: Token) -> Token:
    """Leave a link its address only: no title, no reference to a definition elsewhere."""
    href = token.attrs.get("href")
    return replace(token, attrs={"href": href} if href else {}, meta={}, info="")
