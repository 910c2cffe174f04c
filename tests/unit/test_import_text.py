"""Text as Markdown: what is shown is exactly what stood in the file."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.chapters.text import parse_markdown
from apps.imports.escaping import escape_text, write_paragraph

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\r\n]")
MARKS = "ab1.)(_*`~[]<>&#;!-+=|\\ \"'“”:é$\u0301\u200b\u00a0xX/"
lines = st.one_of(st.text(alphabet=MARKS, max_size=40), st.text(max_size=30)).map(
    lambda text: CONTROL.sub("", text)
)


def read_back(markdown: str) -> str:
    """Return the text that shows, with _ for italics; anything else than text is a failure."""
    said = {"em_open": "_", "em_close": "_", "hardbreak": " "}
    tokens = parse_markdown(markdown)
    assert {t.type for t in tokens} <= {"paragraph_open", "inline", "paragraph_close"}, markdown
    inline = [c for t in tokens for c in t.children or ()]
    assert {c.type for c in inline} <= {"text", *said}, markdown
    return " ".join("".join(said.get(c.type, c.content) for c in inline).split())


@given(lines)
def test_escaped_text_is_text(text: str) -> None:
    assert read_back(escape_text(text)) == " ".join(text.split())


@given(st.lists(lines, max_size=4), st.booleans())
def test_a_paragraph_shows_its_words_and_underscores_only_as_italics(
    text: list[str], keep_lines: bool
) -> None:
    markdown = write_paragraph(text, keep_lines=keep_lines)
    assert read_back(markdown) == " ".join(" ".join(text).split())


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("it was _his_, not _hers_.", "it was *his*, not *hers*."),
        ("(_aside_) “_No!_”", "(*aside*) “*No!*”"),
        ("the 31_st_ of May", "the 31*st* of May"),
        ("a_b and a_b_c", r"a\_b and a\_b\_c"),
        ("_ not this _", r"\_ not this \_"),
        ("# 5", r"\# 5"),
        ("- no list", r"\- no list"),
        ("1812. A year", r"1812\. A year"),
        ("===", r"\==="),
        ("AT&amp;T & <b>", r"AT\&amp;T & \<b>"),
    ],
)
def test_what_is_meant_as_italics(text: str, markdown: str) -> None:
    assert write_paragraph([text]) == markdown
