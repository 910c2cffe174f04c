"""A story into a file: one row a format; a chapter at a time, whatever its length."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from apps.exports.epub import write_epub
from apps.exports.files import SUFFIXES
from apps.exports.imprint import Byline, Imprint
from apps.exports.manuscript import Manuscript
from apps.exports.markdown import to_markdown
from apps.exports.pdf import Tell, write_pdf
from apps.exports.twee import write_twee


@dataclass(frozen=True, kw_only=True)
class Format:
    """A kind of file; `write` returns notes for the one who asked."""

    media_type: str
    write: Callable[[Manuscript, Imprint, Path, Tell], list[str]]


def render(
    manuscript: Manuscript, imprint: Imprint, *, format_name: str, folder: Path, tell: Tell
) -> tuple[Path, list[str]]:
    """Make the file in this folder, on the disk to stay; return it with notes on it.

    `tell` hears the name of each step that begins. Raise CannotRender, or TooLarge where limits
    end it.
    """
    kind = FORMATS[format_name]
    path = folder / f"book{SUFFIXES[format_name]}"
    tell("reading")
    notes = kind.write(manuscript, imprint, path, tell)
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return path, notes


def _write_markdown(manuscript: Manuscript, imprint: Imprint, path: Path, _: Tell) -> list[str]:
    """Write the chapters first and what stands before them last, as only then all are known."""
    byline = Byline(name_authors=imprint.name_authors)
    body = path.with_suffix(".body")
    with body.open("w", encoding="utf-8") as out:
        for number, chapter in enumerate(byline.watch(manuscript.chapters), start=1):
            out.write("\n" + to_markdown(manuscript.chapter(chapter, number=number, level=2)))
    with path.open("wb") as out_bytes:
        out_bytes.write(to_markdown(manuscript.front(authors=", ".join(byline.names()))).encode())
        _append(out_bytes, body)
    return []


def _append(out: BinaryIO, part: Path) -> None:
    with part.open("rb") as chunks:
        while chunk := chunks.read(1 << 20):
            out.write(chunk)


FORMATS = {
    "markdown": Format(media_type="text/markdown; charset=utf-8", write=_write_markdown),
    "epub": Format(media_type="application/epub+zip", write=write_epub),
    "pdf": Format(media_type="application/pdf", write=write_pdf),
    "twee": Format(media_type="text/plain; charset=utf-8", write=write_twee),
}
