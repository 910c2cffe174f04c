"""What is worked out from a chapter's Markdown: words, minutes, and HTML that is safe to show."""

import re
from math import ceil

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

# A run of letters is a word; of scripts without spaces every character counts as one.
_WORD = re.compile(
    r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"
    r"|[^\W\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+(?:['’][^\W_]+)*"  # noqa: RUF001 - the apostrophe that books use
)
WORDS_A_MINUTE = 230
_MARKDOWN = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable("strikethrough")


def count_words(markdown: str) -> int:
    """Return the number of words; a Chinese or Japanese character counts as one."""
    return sum(1 for _ in _WORD.finditer(markdown))


def estimate_minutes(words: int) -> int:
    """Return whole minutes of reading at 230 words each, at least one where there is text.

    Source: Brysbaert 2019, doi:10.1016/j.jml.2019.104047 (238 words a minute for fiction).
    """
    return ceil(words / WORDS_A_MINUTE)


def parse_markdown(markdown: str) -> list[Token]:
    """Return the tokens of a text: CommonMark with ~~strikethrough~~, raw HTML as text."""
    return _MARKDOWN.parse(markdown)


def render_html(markdown: str) -> str:
    """Return HTML of the Markdown; raw HTML shows as text, and what is left is cleaned as well."""
    return nh3.clean(_MARKDOWN.render(markdown))
