r"""A story as Twee 3: a passage a chapter, choices as links, for Twine and for our own import.

    :: Name {"parent": "Name of the chapter above", "title": "as it is, where the name is not"}

A passage's name is its chapter's title, changed where Twee could not link to it and numbered where
it stands twice; the metadata hold what the name and the links do not tell. In a text a `\` stands
before what Twee would read as its own: `::` at the start of a line, and `[[`.
Source: https://github.com/iftechfoundation/twine-specs/blob/master/twee-3-specification.md
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from apps.chapters.walking import ChapterText
from apps.exports.cleaning import clean_line, clean_text
from apps.exports.imprint import Byline, Imprint
from apps.exports.manuscript import REMOVED, Manuscript
from apps.exports.pdf import Tell

PLAYED_BY = {"format": "Chapbook", "format-version": "2.2.0"}  # it reads Markdown
_HEADER = re.compile(r"^(?=\\*::)", re.MULTILINE)
_LINK = re.compile(r"(?<!\[)(?=\[\[)")
_BAD_NAME = re.compile(r"->|<-|[\[\]{}|\\]|https?://", re.IGNORECASE)
_END = re.compile(r"\](?=[\[\]])")
_RESERVED = re.compile(r"Story[A-Z]\w*|Passage[A-Z]\w*")


@dataclass(frozen=True)
class _Names:
    """Every passage's name, by its chapter's slug; no two are the same."""

    by_slug: dict[str, str] = field(default_factory=dict)
    _taken: dict[str, int] = field(default_factory=dict)

    def give(self, chapter: ChapterText, number: int) -> None:
        name = _BAD_NAME.sub(" ", clean_line(chapter.title)).strip()
        name = " ".join(name.split()) or f"Chapter {number}"
        if _RESERVED.fullmatch(name):
            name = f"{name}."
        self.by_slug[chapter.slug] = self._number(name)

    def _number(self, name: str) -> str:
        """Return the name, or the next numbered one that is free."""
        found, tried = name, self._taken.get(name, 0)
        while found in self._taken:
            tried += 1
            found = f"{name} ({tried + 1})"
        self._taken[name] = tried
        self._taken.setdefault(found, 0)
        return found


def write_twee(manuscript: Manuscript, imprint: Imprint, path: Path, _: Tell) -> list[str]:
    """Write the file: the chapters are kept aside first, as links name passages further on."""
    byline, names = Byline(name_authors=imprint.name_authors), _Names()
    kept = path.with_suffix(".jsonl")
    with kept.open("wb") as out:
        for number, chapter in enumerate(byline.watch(manuscript.chapters), start=1):
            names.give(chapter, number)
            out.write(msgspec.json.encode(chapter) + b"\n")
    with path.open("w", encoding="utf-8", newline="\n") as file, kept.open("rb") as chapters:
        file.writelines(_about(manuscript, imprint, byline, names))
        for line in chapters:
            file.write(_passage(msgspec.json.decode(line, type=ChapterText), names))
    return []


def _about(
    manuscript: Manuscript, imprint: Imprint, byline: Byline, names: _Names
) -> Iterator[str]:
    start = next(iter(names.by_slug.values()), "")
    data = {"ifid": imprint.story_id.upper(), **PLAYED_BY, "start": start}
    authors = ", ".join(byline.names())
    yield f":: StoryTitle\n{_guard_lines(manuscript.name)}\n\n"
    yield f":: StoryAuthor\n{_guard_lines(authors)}\n\n"
    yield f":: StoryData\n{json.dumps(data, indent=2, ensure_ascii=False)}\n\n"


def _passage(chapter: ChapterText, names: _Names) -> str:
    name, ways = names.by_slug[chapter.slug], "".join(_ways(chapter, names))
    told = dict(_tell(chapter, names, has_ways=bool(ways)))
    metadata = f" {json.dumps(told, ensure_ascii=False)}" if told else ""
    text = REMOVED if chapter.status == "removed" else clean_text(chapter.content)
    return f":: {name}{metadata}\n{_guard_links(_guard_lines(text))}\n{ways and chr(10)}{ways}\n"


def _tell(
    chapter: ChapterText, names: _Names, *, has_ways: bool
) -> Iterator[tuple[str, str | bool]]:
    """Yield what neither the passage's name nor its links tell."""
    if above := names.by_slug.get(chapter.parent_slug or ""):
        yield "parent", above
    if chapter.title != names.by_slug[chapter.slug]:
        yield "title", clean_line(chapter.title)
    if chapter.is_ending == has_ways:
        yield "ending", chapter.is_ending


def _ways(chapter: ChapterText, names: _Names) -> Iterator[str]:
    """Yield a link a line; a bracket that begins a label is kept apart from the link's own."""
    for choice in chapter.choices:
        if name := names.by_slug.get(choice.chapter_slug):
            label = _guard_links(_END.sub("] ", clean_line(choice.text))) or name
            gap = " " if label.startswith("[") else ""
            yield f"[[{gap}{label}->{name}]]\n"


def _guard_lines(text: str) -> str:
    return _HEADER.sub(r"\\", text)


def _guard_links(text: str) -> str:
    return _LINK.sub(r"\\", text)
