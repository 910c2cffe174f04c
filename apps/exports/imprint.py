"""What a book says of itself beside its text."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from apps.chapters.walking import ChapterText
from apps.exports.cleaning import clean_line
from apps.exports.languages import direction_of, guess_language
from apps.exports.manuscript import Manuscript

NAMED_AUTHORS = 50
ON_COVER = 3
NameAuthors = Callable[[list[str]], list[str]]


@dataclass(frozen=True, kw_only=True)
class Imprint:
    """What is known of a book before its text is read.

    `identifier` is a URN of its own for each export, `story_id` a UUID that all exports of a story
    share; `language` a BCP 47 tag, or "" to go by the letters; `name_authors` turns ids, in order
    of appearance, into names.
    """

    identifier: str
    story_id: str
    language: str
    subjects: list[str]
    made_at: datetime
    name_authors: NameAuthors


@dataclass(kw_only=True)
class Byline:
    """Who wrote what passes through, in order of appearance."""

    name_authors: NameAuthors
    _ids: dict[str, None] = field(default_factory=dict)

    def watch(self, chapters: Iterable[ChapterText]) -> Iterator[ChapterText]:
        """Pass the chapters on and keep who wrote them."""
        for chapter in chapters:
            if len(self._ids) < NAMED_AUTHORS:
                self._ids[chapter.author_id] = None
            yield chapter

    def names(self) -> list[str]:
        """Return the names of those who were seen so far."""
        named = map(clean_line, self.name_authors(list(self._ids)))
        return [name for name in named if name]


def settle_language(manuscript: Manuscript, imprint: Imprint, *, first: Iterable[str]) -> str:
    """Return the language that was named, else the likely one of the title and the first texts."""
    sample = " ".join([manuscript.title, manuscript.description, *first])
    return imprint.language or guess_language(sample)


def describe_book(
    manuscript: Manuscript, imprint: Imprint, *, names: list[str], language: str
) -> dict[str, str | list[str]]:
    """Return the metadata, clean; what is empty is left out, as EPUB has no place for it."""
    direction = direction_of(language)
    said: dict[str, str | list[str]] = {
        "title": manuscript.name,
        "description": clean_line(manuscript.description),
        "identifier": imprint.identifier,
        "date": f"{imprint.made_at:%Y-%m-%d}",
        "lang": language,
        "dir": direction,
        "page-progression-direction": direction,
        "author": names,
        "subject": [word for word in map(clean_line, imprint.subjects) if word],
    }
    return {name: value for name, value in said.items() if value}


def short_byline(names: list[str]) -> str:
    """Return the names for a cover: the first few, and how many more there are."""
    shown = ", ".join(names[:ON_COVER])
    more = len(names) - ON_COVER
    return f"{shown} +{more}" if more > 0 else shown
