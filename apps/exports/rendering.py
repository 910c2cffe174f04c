"""A story into a file: Markdown as it is, EPUB by pandoc; a chapter at a time, whatever its length.

PDF is to come as one more row of `FORMATS`: the same tree, with typst behind pandoc.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO

import msgspec
from django.conf import settings

from apps.chapters.walking import ChapterText
from apps.exports.cleaning import clean_line
from apps.exports.languages import direction_of, guess_language
from apps.exports.manuscript import Manuscript
from apps.exports.markdown import to_markdown
from apps.exports.pandoc import run_pandoc
from apps.exports.pandoc_tree import API_VERSION, list_value, text_value, to_blocks

NAMED_AUTHORS = 50
NameAuthors = Callable[[list[str]], list[str]]


@dataclass(frozen=True, kw_only=True)
class Imprint:
    """What a book says of itself beside its text.

    `identifier` is a URN of its own for each export; `language` a BCP 47 tag, or "" to go by the
    letters; `name_authors` turns ids, in order of appearance, into names.
    """

    identifier: str
    language: str
    subjects: list[str]
    made_at: datetime
    name_authors: NameAuthors


@dataclass(frozen=True, kw_only=True)
class Format:
    """A kind of file."""

    suffix: str
    media_type: str
    write: Callable[[Manuscript, Imprint, Path], None]


def render(manuscript: Manuscript, imprint: Imprint, *, format_name: str, folder: Path) -> Path:
    """Make the file in this folder, on the disk to stay; raise TooLarge where limits end it."""
    kind = FORMATS[format_name]
    path = folder / f"book{kind.suffix}"
    kind.write(manuscript, imprint, path)
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return path


def _write_markdown(manuscript: Manuscript, imprint: Imprint, path: Path) -> None:
    """Write the chapters first and what stands before them last, as only then all are known."""
    authors: dict[str, None] = {}
    body = path.with_suffix(".body")
    with body.open("w", encoding="utf-8") as out:
        for number, chapter in enumerate(_noting(manuscript.chapters, authors), start=1):
            out.write("\n" + to_markdown(manuscript.chapter(chapter, number=number, level=2)))
    names = ", ".join(imprint.name_authors(list(authors)))
    with path.open("wb") as out_bytes:
        out_bytes.write(to_markdown(manuscript.front(authors=names)).encode())
        _append(out_bytes, body)


def _write_epub(manuscript: Manuscript, imprint: Imprint, path: Path) -> None:
    tree = path.with_suffix(".json")
    with tree.open("wb") as out:
        _write_tree(manuscript, imprint, out)
    run_pandoc(
        "--from=json",
        "--to=epub3",
        "--split-level=1",
        "--toc-depth=1",
        f"--output={path.name}",
        tree.name,
        cwd=path.parent,
        seconds=settings.EXPORT_PANDOC_SECONDS,
    )


def _write_tree(manuscript: Manuscript, imprint: Imprint, out: BinaryIO) -> None:
    """Write pandoc's tree block by block; its metadata come last, when all authors are known."""
    first = list(islice(manuscript.chapters, 1))
    sample = " ".join([manuscript.title, manuscript.description, *(c.content for c in first)])
    language = imprint.language or guess_language(sample)
    authors: dict[str, None] = {}
    out.write(b'{"pandoc-api-version":%b,"blocks":[' % msgspec.json.encode(API_VERSION))
    separator = b""
    chapters = _noting(chain(first, manuscript.chapters), authors)
    for number, chapter in enumerate(chapters, start=1):
        tokens = manuscript.chapter(chapter, number=number, level=1)
        for block in to_blocks(tokens, direction=direction_of(language)):
            out.write(separator + msgspec.json.encode(block))
            separator = b","
    names = imprint.name_authors(list(authors))
    metadata = _describe(manuscript, imprint, names=names, language=language)
    out.write(b'],"meta":%b}' % msgspec.json.encode(metadata))


def _describe(
    manuscript: Manuscript, imprint: Imprint, *, names: list[str], language: str
) -> dict[str, object]:
    """Return the metadata; what is empty is left out, as EPUB has no place for it."""
    direction = direction_of(language)
    lines = {
        "title": manuscript.name,
        "description": manuscript.description,
        "identifier": imprint.identifier,
        "date": f"{imprint.made_at:%Y-%m-%d}",
        "lang": language,
        "dir": direction,
        "page-progression-direction": direction,
    }
    lists = {"author": names, "subject": imprint.subjects}
    return {
        name: text_value(said) for name, line in lines.items() if (said := clean_line(line))
    } | {
        name: list_value(text_value(said) for word in words if (said := clean_line(word)))
        for name, words in lists.items()
    }


def _noting(chapters: Iterable[ChapterText], authors: dict[str, None]) -> Iterator[ChapterText]:
    """Pass the chapters on and keep who wrote them, in order of appearance."""
    for chapter in chapters:
        if len(authors) < NAMED_AUTHORS:
            authors[chapter.author_id] = None
        yield chapter


def _append(out: BinaryIO, part: Path) -> None:
    with part.open("rb") as chunks:
        while chunk := chunks.read(1 << 20):
            out.write(chunk)


FORMATS = {
    "markdown": Format(
        suffix=".md", media_type="text/markdown; charset=utf-8", write=_write_markdown
    ),
    "epub": Format(suffix=".epub", media_type="application/epub+zip", write=_write_epub),
}
