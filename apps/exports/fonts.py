"""Where the fonts of a book come from: packages of ours, and what the operator adds.

Typst itself brings Latin, Greek, Cyrillic and Hebrew; the packages Arabic, Devanagari and Thai.
Chinese, Japanese, Korean, emoji and the rest are too large for a package: Debian has them.
"""

import unicodedata
from collections.abc import Set as AbstractSet
from importlib.resources import files
from pathlib import Path

from django.conf import settings

PACKAGES = ("fontpkg_amiri", "fontpkg_noto_sans_devanagari", "fontpkg_noto_sans_thai")
_EVERYWHERE = ("Libertinus Serif", "Amiri", "Noto Sans Devanagari", "Noto Sans Thai", "Noto Serif")
_COMMON = {"LATIN", "GREEK", "CYRILLIC", "DIGIT", "SUPERSCRIPT", "MODIFIER", "COMBINING"}
_HAN = {
    "ja": "Noto Serif CJK JP",
    "ko": "Noto Serif CJK KR",
    "zh": "Noto Serif CJK SC",
    "zh-hant": "Noto Serif CJK TC",
}
_TRADITIONAL = ("zh-tw", "zh-hk", "zh-mo", "zh-hant")


def font_folders() -> list[Path]:
    """Return the folders to look for fonts in, those of the operator last, if they are there."""
    ours = [Path(str(files(package).joinpath("files"))) for package in PACKAGES]
    return [folder for folder in [*ours, settings.EXPORT_FONTS] if folder.is_dir()]


def rank_fonts(language: str) -> list[str]:
    """Return names of fonts, best first; what none of them has is looked for in all others.

    The same Chinese character is drawn otherwise in each country: the language's own come first.
    """
    tag = language.lower()
    kind = "zh-hant" if tag.startswith(_TRADITIONAL) else tag.split("-", maxsplit=1)[0]
    own = [_HAN[kind]] if kind in _HAN else []
    rest = [name for key, name in _HAN.items() if key != kind]
    return [*_EVERYWHERE, *own, *rest, "Noto Color Emoji", "Noto Emoji", "Noto Sans Symbols2"]


def find_rare(characters: AbstractSet[str]) -> set[str]:
    """Return the letters, marks and figures of a text that not every reader of EPUBs has.

    Every one has Latin, Greek and Cyrillic.
    """
    return {character for character in characters if _is_rare(character)}


def _is_rare(character: str) -> bool:
    if unicodedata.category(character)[0] not in "LMN":
        return False
    return unicodedata.name(character, "UNKNOWN").split(" ", 1)[0] not in _COMMON
