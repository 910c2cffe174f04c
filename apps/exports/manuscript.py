"""A story as one stream of Markdown tokens, a chapter at a time: what every format is made from.

Titles, labels and names are plain text and stay it; a chapter's own text is parsed by itself, so
that nothing left open in it reaches the next one. Every chapter has an anchor, and its choices
are links to anchors.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from markdown_it.token import Token

from apps.chapters.pages import ChoiceView
from apps.chapters.walking import ChapterText
from apps.exports.cleaning import clean_line, clean_text, read_tokens

UNTITLED = "Untitled"
REMOVED = "This chapter was removed."


@dataclass(frozen=True, kw_only=True)
class Manuscript:
    """A story on its way into a file.

    `anchors` names every chapter that will be in it, by slug; a choice that leads to any other is
    shown as text. `shows_choices` is off where chapters follow each other anyway.
    """

    title: str
    description: str
    anchors: Mapping[str, str]
    chapters: Iterable[ChapterText]
    shows_choices: bool = True

    @property
    def name(self) -> str:
        """The title on one line, or what stands for it."""
        return clean_line(self.title) or UNTITLED

    def front(self, *, authors: str) -> Iterator[Token]:
        """Yield the title, who wrote it, and what it is about."""
        yield from _heading(self.name, level=1)
        yield from _paragraph([_text(authors)])
        for block in clean_text(self.description).split("\n\n"):
            if line := clean_line(block):
                yield from _paragraph([_text(line)])

    def part(self, first: int, size: int) -> Iterator[Token]:
        """Yield the heading of a part, which any language reads: the numbers of its chapters."""
        last = min(first + size - 1, len(self.anchors))
        yield from _heading(f"{first}\N{EN DASH}{last}", level=1, anchor=f"part-{first}")

    def chapter(self, chapter: ChapterText, *, number: int, level: int) -> Iterator[Token]:
        """Yield a chapter under a heading of this level, with its ways on at the end."""
        title = clean_line(chapter.title) or f"Chapter {number}"
        yield from _heading(title, level=level, anchor=self.anchors[chapter.slug])
        if chapter.status == "removed":
            yield from _paragraph([_text(REMOVED)])
        yield from read_tokens(chapter.content, deeper=level)
        if self.shows_choices and chapter.choices:
            yield from self._choices(chapter.choices)

    def _choices(self, choices: Iterable[ChoiceView]) -> Iterator[Token]:
        yield Token("hr", "hr", 0)
        yield Token("bullet_list_open", "ul", 1, markup="-")
        for choice in choices:
            label = _text(clean_line(choice.text) or "…")
            anchor = self.anchors.get(choice.chapter_slug)
            yield Token("list_item_open", "li", 1, markup="-")
            yield from _paragraph(_link(label, f"#{anchor}") if anchor else [label], hidden=True)
            yield Token("list_item_close", "li", -1, markup="-")
        yield Token("bullet_list_close", "ul", -1, markup="-")


def number_anchors(slugs: Iterable[str]) -> dict[str, str]:
    """Return an anchor for each chapter, by its place in the book."""
    return {slug: f"chapter-{number}" for number, slug in enumerate(slugs, start=1)}


def _heading(text: str, *, level: int, anchor: str = "") -> Iterator[Token]:
    attrs = {"id": anchor} if anchor else {}
    yield Token("heading_open", f"h{level}", 1, markup="#" * level, attrs=dict(attrs))
    yield Token("inline", "", 0, children=[_text(text)])
    yield Token("heading_close", f"h{level}", -1, markup="#" * level)


def _paragraph(children: list[Token], *, hidden: bool = False) -> Iterator[Token]:
    yield Token("paragraph_open", "p", 1, hidden=hidden)
    yield Token("inline", "", 0, children=children)
    yield Token("paragraph_close", "p", -1, hidden=hidden)


def _link(label: Token, href: str) -> list[Token]:
    return [Token("link_open", "a", 1, attrs={"href": href}), label, Token("link_close", "a", -1)]


def _text(text: str) -> Token:
    return Token("text", "", 0, content=text)
