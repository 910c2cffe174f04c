"""A Markdown file cut at its headings; what stands between them stays as it was written.

One heading of the highest level, at the top, is the story's title; the chapters are then at the
highest level below it. Headings inside code, quotations and lists are text. A simple front matter
may name title, author and tags.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.common.utils import normalizeReference
from markdown_it.token import Token

from apps.imports.errors import EmptyFile
from apps.imports.frontmatter import take_front_matter
from apps.imports.shapes import ImportedStory, lay_chain

OPENING = "Opening"
LABEL = re.compile(r"\[((?:\\.|[^\[\]\\])+)\]")
LONGEST_INLINE = 2_000
# Blocks are enough to find headings; what is inside of them is read only for titles.
_BLOCKS = MarkdownIt("commonmark", {"html": False}).disable("inline")
_INLINE = MarkdownIt("commonmark", {"html": False})


@dataclass(frozen=True)
class Mark:
    """A heading: its level and title, and the lines (from 0) that it stands on."""

    level: int
    title: str
    first: int
    end: int


def parse_markdown_story(*, text: str) -> ImportedStory:
    """Return a Markdown file as a chain of chapters, one where it has no heading.

    Raise EmptyFile where there is nothing below any heading.
    """
    fields, body = take_front_matter(text)
    env: dict[str, Any] = {}
    marks = list(_find_marks(_BLOCKS.parse(body, env)))
    lines = body.split("\n")
    title, marks, begins = _take_title(marks, lines)
    parts = list(_cut_parts(title, marks, lines, begins))
    if not any(content for _, content in parts):
        raise EmptyFile("There are headings and nothing below them.")
    references = env.get("references", {})
    texts = [(name, _keep_references(content, references)) for name, content in parts]
    return ImportedStory(
        title=title or " ".join(fields.get("title", ())),
        author=", ".join([*fields.get("author", ()), *fields.get("authors", ())]),
        tags=[*fields.get("tags", ()), *fields.get("keywords", ())],
        nodes=lay_chain(texts),
    )


def count_headings(*, text: str) -> int:
    """Return how many headings stand at the top level of a Markdown text."""
    return sum(t.type == "heading_open" and t.level == 0 for t in _BLOCKS.parse(text))


def find_blocks(*, text: str) -> list[int]:
    """Return the lines (from 0) on which the blocks of a Markdown text begin."""
    tokens = _BLOCKS.parse(text)
    return [t.map[0] for t in tokens if t.level == 0 and t.map and t.nesting >= 0]


def _find_marks(tokens: Sequence[Token]) -> Iterator[Mark]:
    for at, token in enumerate(tokens):
        if token.type == "heading_open" and token.level == 0 and token.map:
            title = _to_plain(tokens[at + 1].content)
            yield Mark(int(token.tag[1:]), title, *token.map)


def _to_plain(inline: str) -> str:
    """Return a heading's words without mark-up; an absurdly long one as it is."""
    if len(inline) > LONGEST_INLINE:
        return " ".join(inline.split())
    tokens = _INLINE.parseInline(inline)[0].children or []
    words = (t.content if t.type in {"text", "code_inline", "image"} else " " for t in tokens)
    marked = {"em_open", "em_close", "strong_open", "strong_close", "link_open", "link_close"}
    words = ("" if t.type in marked else word for t, word in zip(tokens, words, strict=True))
    return " ".join("".join(words).split())


def _take_title(marks: Sequence[Mark], lines: Sequence[str]) -> tuple[str, Sequence[Mark], int]:
    """Return the story's title, its chapters' headings and the line where its text begins."""
    begins = 0
    title = marks[0].title if marks and _is_at_top(marks[0], lines) else ""
    if title and len(marks) > 1:
        if all(mark.level > marks[0].level for mark in marks[1:]):
            begins, marks = marks[0].end, marks[1:]
        else:
            title = ""  # the first of several chapters
    highest = min((mark.level for mark in marks), default=0)
    return title, [mark for mark in marks if mark.level == highest], begins


def _is_at_top(mark: Mark, lines: Sequence[str]) -> bool:
    return not any(line.strip() for line in lines[: mark.first])


def _cut_parts(
    title: str, marks: Sequence[Mark], lines: Sequence[str], begins: int
) -> Iterator[tuple[str, str]]:
    """Return (title, content) of what stands before the chapters, if anything, and of each."""
    first = marks[0].first if marks else len(lines)
    if opening := _join(lines[begins:first]):
        yield (OPENING if marks else title or OPENING), opening
    ends = [*(mark.first for mark in marks[1:]), len(lines)]
    for mark, end in zip(marks, ends, strict=bool(marks)):
        yield mark.title, _join(lines[mark.end : end])


def _join(lines: Sequence[str]) -> str:
    text = "\n".join(lines).rstrip()
    return re.sub(r"\A(?:[ \t]*\n)+", "", text)


def _keep_references(content: str, references: Mapping[str, Mapping[str, Any]]) -> str:
    """Repeat below a chapter the link addresses that stand in another one."""
    if not references:
        return content
    here: dict[str, Any] = {}
    _BLOCKS.parse(content, here)
    known = here.get("references", {})
    wanted = {normalizeReference(found[1]) for found in LABEL.finditer(content)}
    missing = {label for label in wanted if label in references and label not in known}
    lines = [_write_reference(label, references[label]) for label in sorted(missing)]
    return "\n\n".join([content, "\n".join(lines)]) if lines else content


def _write_reference(label: str, reference: Mapping[str, Any]) -> str:
    title = str(reference["title"]).replace("\\", "\\\\").replace('"', '\\"')
    return f"[{label}]: <{reference['href']}>" + (f' "{title}"' if title else "")
