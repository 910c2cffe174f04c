"""A manuscript as the document tree, block by block: what EPUB and PDF are both written from."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, islice

from apps.exports.imprint import Byline, Imprint, describe_book, settle_language
from apps.exports.languages import direction_of
from apps.exports.manuscript import Manuscript
from apps.exports.pandoc_tree import Node, to_blocks


@dataclass(kw_only=True)
class Book:
    """A manuscript that is read once: first its blocks, then what it says of itself."""

    manuscript: Manuscript
    imprint: Imprint
    byline: Byline = field(init=False)
    language: str = field(init=False)

    def __post_init__(self) -> None:
        """Settle the language by the first chapter; nobody is known to have written anything."""
        chapters = iter(self.manuscript.chapters)
        first = list(islice(chapters, 1))
        self.language = settle_language(
            self.manuscript, self.imprint, first=(chapter.content for chapter in first)
        )
        self._chapters = chain(first, chapters)
        self.byline = Byline(name_authors=self.imprint.name_authors)

    def blocks(self, *, part: int = 0) -> Iterator[Node]:
        """Yield the tree's blocks; with `part`, each so many chapters stand under a heading."""
        direction, level = direction_of(self.language), 2 if part else 1
        chapters = self.byline.watch(self._chapters)
        for number, chapter in enumerate(chapters, start=1):
            if part and number % part == 1:
                yield from to_blocks(self.manuscript.part(number, part), direction=direction)
            tokens = self.manuscript.chapter(chapter, number=number, level=level)
            yield from to_blocks(tokens, direction=direction)

    def describe(self) -> dict[str, str | list[str]]:
        """Return the metadata, when all blocks are read: only then all authors are known."""
        return describe_book(
            self.manuscript, self.imprint, names=self.byline.names(), language=self.language
        )
