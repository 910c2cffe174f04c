"""A story as a PDF: cover, title page, contents, chapters that link to each other."""

import re
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

from apps.exports.cleaning import clean_line, clean_text
from apps.exports.fonts import rank_fonts
from apps.exports.imprint import Imprint, short_byline
from apps.exports.languages import direction_of
from apps.exports.manuscript import Manuscript
from apps.exports.trees import Book
from apps.exports.typesetting import typeset
from apps.exports.typst_markup import quote_array, quote_string, to_chapters, turn_text

BODY, MAIN, COVER, LOOKS = "body.typ", "main.typ", "cover.typ", "book.typ"
COVER_PPI = 150
_COUNTRY = re.compile("[a-z]{2}")
_BEGIN = f'#import "{LOOKS}": *\n\n'
Tell = Callable[[str], None]


def write_pdf(manuscript: Manuscript, imprint: Imprint, path: Path, tell: Tell) -> list[str]:
    """Write the file; return notes on what could not be set."""
    book = Book(manuscript=manuscript, imprint=imprint)
    body, main = path.with_name(BODY), path.with_name(MAIN)
    with body.open("w", encoding="utf-8") as out:
        out.write(_BEGIN)
        out.writelines(to_chapters(book.blocks(), direction=direction_of(book.language)))
    main.write_text(_BEGIN + _front(book, manuscript), "utf-8")
    _copy_looks(path.parent)
    tell("typesetting")
    return typeset(main, output=path, texts=[main, body], made_at=_seconds(imprint))


def draw_cover(book: Book, folder: Path) -> tuple[Path, list[str]]:
    """Draw a book's cover as a picture; return it, and notes on what could not be set."""
    source, picture = folder / COVER, folder / "cover.png"
    source.write_text(_BEGIN + _settings(book) + _cover(book), "utf-8")
    _copy_looks(folder)
    made_at = _seconds(book.imprint)
    notes = typeset(source, output=picture, texts=[source], made_at=made_at, ppi=COVER_PPI)
    return picture, notes


def _front(book: Book, manuscript: Manuscript) -> str:
    """Return what stands before the chapters; they come in as the body's file."""
    about = filter(None, map(clean_line, clean_text(manuscript.description).split("\n\n")))
    direction = direction_of(book.language)
    turned = "".join(f"{turn_text(line, direction=direction)}, " for line in about)
    authors = quote_string(", ".join(book.byline.names()))
    title = quote_string(manuscript.name)
    return (
        _settings(book)
        + _cover(book)
        + f"#title-page(title: {title}, authors: {authors}, about: ({turned}))\n"
        + "#outline(depth: 1)\n"
        + "#pagebreak(weak: true)\n"
        + f'#include "{BODY}"\n'
    )


def _settings(book: Book) -> str:
    said, made_at = book.describe(), book.imprint.made_at
    language, region = _language(book.language)
    return (
        f"#show: book.with(title: {quote_string(str(said['title']))},"
        f" authors: {quote_array(said.get('author', ()))},"
        f" subjects: {quote_array(said.get('subject', ()))},"
        f" date: datetime(year: {made_at:%Y}, month: {made_at.month}, day: {made_at.day}),"
        f" language: {quote_string(language)},"
        f" region: {quote_string(region) if region else 'none'},"
        f" direction: {said['dir']},"
        f" fonts: {quote_array(rank_fonts(book.language))})\n"
    )


def _cover(book: Book) -> str:
    title = quote_string(book.manuscript.name)
    authors = quote_string(short_byline(book.byline.names()))
    return f"#cover(title: {title}, authors: {authors})\n"


def _language(tag: str) -> tuple[str, str]:
    """Return a BCP 47 tag as typst takes it: language, and country or nothing."""
    language, *rest = tag.lower().split("-")
    return language, next((part for part in rest if _COUNTRY.fullmatch(part)), "")


def _seconds(imprint: Imprint) -> int:
    return int(imprint.made_at.timestamp())


def _copy_looks(folder: Path) -> None:
    (folder / LOOKS).write_bytes(files("apps.exports").joinpath(LOOKS).read_bytes())
