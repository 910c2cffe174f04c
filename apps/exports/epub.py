"""A story as an EPUB 3: pandoc packs the document tree, typst draws the cover."""

from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import msgspec
from django.conf import settings

from apps.exports.errors import CannotRender
from apps.exports.imprint import Imprint
from apps.exports.manuscript import Manuscript
from apps.exports.pandoc import run_pandoc
from apps.exports.pandoc_tree import API_VERSION, list_value, text_value
from apps.exports.pdf import Tell, draw_cover
from apps.exports.trees import Book

# Pandoc's own style sheet indents on the left, whichever way a text runs.
_TURNED = (
    "<style>[dir=rtl] ol, [dir=rtl] ul, [dir=rtl] blockquote"
    " { margin-left: 0; margin-right: 1.7em; }</style>"
)


def write_epub(manuscript: Manuscript, imprint: Imprint, path: Path, tell: Tell) -> list[str]:
    """Write the file; return notes on what its cover lacks."""
    book = Book(manuscript=manuscript, imprint=imprint)
    tree = path.with_suffix(".json")
    with tree.open("wb") as out:
        _write_blocks(book, out)
        tell("drawing the cover")
        cover, notes = _cover(book, path.parent)
        _write_metadata(book.describe(), out)
    tell("packing")
    run_pandoc(
        "--from=json",
        "--to=epub3",
        "--split-level=1",
        "--toc-depth=1",
        f"--variable=header-includes:{_TURNED}",
        *cover,
        f"--output={path.name}",
        tree.name,
        cwd=path.parent,
        seconds=settings.EXPORT_PANDOC_SECONDS,
    )
    return notes


def _cover(book: Book, folder: Path) -> tuple[list[str], list[str]]:
    """Return pandoc's options for the cover, and notes; a title that no font has gets none.

    A cover is not among the files that the sandbox opens, a reference document is, though no EPUB
    has any use for one: so the picture is named as both.
    """
    try:
        picture, notes = draw_cover(book, folder)
    except CannotRender as lacking:
        return [], [f"There is no cover. {lacking.detail}"]
    return [f"--epub-cover-image={picture.name}", f"--reference-doc={picture.name}"], notes


def _write_blocks(book: Book, out: BinaryIO) -> None:
    """Write pandoc's tree block by block; its metadata come last, when all authors are known."""
    out.write(b'{"pandoc-api-version":%b,"blocks":[' % msgspec.json.encode(API_VERSION))
    separator = b""
    for block in book.blocks():
        out.write(separator + msgspec.json.encode(block))
        separator = b","


def _write_metadata(said: Mapping[str, str | list[str]], out: BinaryIO) -> None:
    values = {
        name: text_value(value) if isinstance(value, str) else list_value(map(text_value, value))
        for name, value in said.items()
    }
    out.write(b'],"meta":%b}' % msgspec.json.encode(values))
