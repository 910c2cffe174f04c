"""A story as an EPUB 3: pandoc packs the document tree, typst draws the cover."""

from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import BinaryIO

import msgspec
from django.conf import settings

from apps.exports.errors import CannotRender
from apps.exports.fonts import find_rare
from apps.exports.imprint import Imprint
from apps.exports.languages import direction_of
from apps.exports.manuscript import Manuscript
from apps.exports.pandoc import run_pandoc
from apps.exports.pandoc_tree import API_VERSION, list_value, text_value
from apps.exports.pdf import Tell, draw_cover
from apps.exports.trees import Book

STYLE, TEMPLATE = "epub.css", "template.epub3"
# Pandoc's time grows with the square of a book's files: 10,000 chapters take it 5 minutes alone,
# and 25 seconds in parts. Nobody finds a chapter in so long a list of contents either.
MOST_FILES, PART = 500, 100
_PARTS_STYLE = "section.level2 { break-before: page; page-break-before: always; }\n"
_FACE = '@font-face {{ font-family: {name}; src: url("../fonts/{file}"); }}\n'


def write_epub(manuscript: Manuscript, imprint: Imprint, path: Path, tell: Tell) -> list[str]:
    """Write the file; return notes on what its cover lacks."""
    book = Book(manuscript=manuscript, imprint=imprint)
    tree = path.with_suffix(".json")
    letters: set[str] = set()
    part = PART if len(manuscript.anchors) > MOST_FILES else 0
    with tree.open("wb") as out:
        _write_blocks(book, out, letters, part=part)
        tell("drawing the cover")
        cover, notes = _cover(book, path.parent)
        _write_metadata(book.describe(), out, letters)
    tell("packing")
    run_pandoc(
        "--from=json",
        "--to=epub3",
        "--split-level=1",
        f"--toc-depth={2 if part else 1}",
        *cover,
        *_turn(direction_of(book.language), path.parent),
        *_style(_embed(letters, book, path.parent), path.parent, more=_PARTS_STYLE if part else ""),
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


def _turn(direction: str, folder: Path) -> list[str]:
    """Return pandoc's options for a book that runs from right to left.

    Chapters say so themselves; the contents cannot, as pandoc's template has no place for it.
    """
    if direction == "ltr":
        return []
    ask = f"--output={TEMPLATE}", "--print-default-template=epub3"  # which ends at the second
    run_pandoc(*ask, cwd=folder, seconds=settings.EXPORT_PANDOC_SECONDS)
    template = folder / TEMPLATE
    turned = template.read_text("utf-8").replace("<html", f'<html dir="{direction}"', 1)
    template.write_text(turned, "utf-8")
    return [f"--template={TEMPLATE}"]


def _embed(letters: set[str], book: Book, folder: Path) -> list[Path]:
    rare = find_rare(letters)
    if not rare:
        return []
    from apps.exports.embedding import embed_fonts  # noqa: PLC0415 - costs a worker's start 0.3 s

    return embed_fonts(rare, language=book.language, folder=folder)


def _style(fonts: Sequence[Path], folder: Path, *, more: str) -> list[str]:
    """Return pandoc's options for how the book looks, and for the fonts that come with it.

    The reader's own font is first, and fonts stand in for what that lacks. A style sheet is not
    among the files that the sandbox opens, a font is: so it lies among them as well.
    """
    style = files("apps.exports").joinpath(STYLE).read_text("utf-8")
    names = [f'"with the book {number}"' for number in range(len(fonts))]
    faces = [_FACE.format(name=n, file=font.name) for n, font in zip(names, fonts, strict=True)]
    family = ", ".join(["serif", *names])
    family_rule = f"body {{ font-family: {family}; }}\n" if fonts else ""
    (folder / STYLE).write_text("".join([*faces, style, family_rule, more]), "utf-8")
    embedded = [f"--epub-embed-font={name}" for name in (STYLE, *(font.name for font in fonts))]
    return [f"--css={STYLE}", *embedded]


def _write_blocks(book: Book, out: BinaryIO, letters: set[str], *, part: int) -> None:
    """Write pandoc's tree block by block, and note its letters.

    Its metadata come last, when all authors are known.
    """
    out.write(b'{"pandoc-api-version":%b,"blocks":[' % msgspec.json.encode(API_VERSION))
    separator = b""
    for block in book.blocks(part=part):
        written = msgspec.json.encode(block)
        letters.update(written.decode())
        out.write(separator + written)
        separator = b","


def _write_metadata(said: Mapping[str, str | list[str]], out: BinaryIO, letters: set[str]) -> None:
    values = {
        name: text_value(value) if isinstance(value, str) else list_value(map(text_value, value))
        for name, value in said.items()
    }
    written = msgspec.json.encode(values)
    letters.update(written.decode())
    out.write(b'],"meta":%b}' % written)
