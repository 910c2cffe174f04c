"""Fonts that go into an EPUB: the letters that it needs, and no others.

A font that its maker does not let be embedded in parts (OpenType, OS/2 table, fsType) is not.
"""

from collections.abc import Set as AbstractSet
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import NamedTuple

from fontTools import subset
from fontTools.ttLib import TTCollection, TTFont, TTLibError

from apps.exports.fonts import font_folders, rank_fonts

KINDS = ("ttf", "otf", "ttc")
_JOINERS = {0x20, 0x200C, 0x200D, 0x25CC}
_RESTRICTED, _WHOLE_ONLY, _PICTURES_ONLY = 0x0002, 0x0100, 0x0200
_ITALIC, _BOLD, _ORDINARY = 0x01, 0x20, 400


class Face(NamedTuple):
    """A font: where it is, and its number in a file of several."""

    path: Path
    number: int


def embed_fonts(letters: AbstractSet[str], *, language: str, folder: Path) -> list[Path]:
    """Write what fonts have of these letters into the folder; return the files, best first.

    What no font has is in none, and the reader's own are looked in as ever.
    """
    wanted = {ord(letter) for letter in letters}
    written: list[Path] = []
    for face in _ranked(language):
        with TTFont(face.path, fontNumber=face.number, lazy=True) as font:
            if found := wanted & set(font.getBestCmap() or ()):
                written.append(_write_part(font, found, folder / f"font-{len(written) + 1}"))
                wanted -= found
        if not wanted:
            break
    return written


def _ranked(language: str) -> list[Face]:
    """Return the fonts that there are: in the order of a PDF of this language, then the rest."""
    faces = _find_faces(tuple(font_folders()))
    order = {name: place for place, name in enumerate(rank_fonts(language))}
    return [faces[name] for name in sorted(faces, key=lambda name: order.get(name, len(order)))]


@cache
def _find_faces(folders: tuple[Path, ...]) -> dict[str, Face]:
    """Return the upright font of ordinary weight of each family, by the family's name."""
    paths = (p for folder in folders for kind in KINDS for p in sorted(folder.rglob(f"*.{kind}")))
    return {name: face for path in paths for name, face in _read_faces(path)}


def _read_faces(path: Path) -> list[tuple[str, Face]]:
    with suppress(TTLibError, OSError, KeyError):
        if path.suffix != ".ttc":
            with TTFont(path, lazy=True) as font:
                return [(_name(font), Face(path, -1))] if _is_fit(font) else []
        with TTCollection(path, lazy=True) as fonts:
            return [(_name(f), Face(path, n)) for n, f in enumerate(fonts) if _is_fit(f)]
    return []


def _name(font: TTFont) -> str:
    return str(font["name"].getBestFamilyName())


def _is_fit(font: TTFont) -> bool:
    about = font["OS/2"]
    is_plain = not about.fsSelection & (_ITALIC | _BOLD) and about.usWeightClass == _ORDINARY
    return is_plain and not about.fsType & (_RESTRICTED | _WHOLE_ONLY | _PICTURES_ONLY)


def _write_part(font: TTFont, characters: AbstractSet[int], path: Path) -> Path:
    """Write a font that has only these characters, and whatever shapes they take together."""
    options = subset.Options(hinting=False, notdef_outline=True)
    maker = subset.Subsetter(options)
    maker.populate(unicodes=characters | _JOINERS)
    maker.subset(font)
    path = path.with_suffix(".otf" if "CFF " in font else ".ttf")
    font.save(path)
    return path
